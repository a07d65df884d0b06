// The live parts of the pages. Everything else works without it.
"use strict";

// live shows the pause button and tells whether it is pressed.
function live() {
	const bar = document.querySelector(".live");
	const button = document.getElementById("pause");
	bar.hidden = false;
	let paused = false;
	button.addEventListener("click", () => {
		paused = !paused;
		button.setAttribute("aria-pressed", String(paused));
		button.textContent = paused ? "Go on" : "Pause";
	});
	return () => paused;
}

// refresh replaces a part of the page every five seconds, while someone looks at it.
function refresh(part) {
	const paused = live();
	const told = document.getElementById("refreshed");
	const every = 5000;
	const ask = async () => {
		if (!paused() && !document.hidden && !part.contains(document.activeElement)) {
			try {
				const answer = await fetch(part.dataset.refresh, { redirect: "error" });
				if (answer.status === 403) {
					location.reload(); // the session has ended
					return;
				}
				if (!answer.ok) throw new Error(answer.statusText);
				const open = new Set([...part.querySelectorAll("details[open]")].map((d) => d.id));
				part.innerHTML = await answer.text();
				part.querySelectorAll("details").forEach((d) => { d.open = open.has(d.id); });
				told.textContent = "live";
			} catch {
				told.textContent = "not reached since " + new Date().toISOString().slice(11, 19) + "; still trying";
			}
		}
		setTimeout(ask, every);
	};
	told.textContent = "live";
	setTimeout(ask, every);
}

// follow puts calls on top of the table as they end.
function follow(table) {
	const paused = live();
	const told = document.getElementById("feed");
	const body = table.tBodies[0];
	const shown = 200;
	let waiting = [];
	let fresh = 0;
	let lost = 0;

	const cell = (text, kind, under) => {
		const td = document.createElement("td");
		td.className = kind;
		td.textContent = text;
		if (under) {
			const span = document.createElement("span");
			span.className = "reason";
			span.textContent = under;
			td.append(span);
		}
		return td;
	};
	const row = (c) => {
		const tr = document.createElement("tr");
		tr.className = c.class + " fresh";
		const time = cell(c.time, "nowrap");
		time.title = c.full + ", request " + c.request;
		tr.append(time, cell(c.login, "text"), cell(c.key, "text"), cell(c.source, "nowrap"), cell(c.call, "text"),
			cell(c.protocol, "nowrap"), cell(c.outcome, "text outcome", c.reason), cell(c.took, "n", c.queued && "waited " + c.queued),
			cell(c.odoo, "n"), cell(c.sent, "n"));
		return tr;
	};
	const show = () => {
		if (paused() || waiting.length === 0) return;
		body.querySelector(".none")?.remove();
		const rows = waiting.reverse().map(row);
		waiting = [];
		body.prepend(...rows);
		while (body.rows.length > shown) body.lastElementChild.remove();
	};
	setInterval(show, 250);

	const source = new EventSource(table.dataset.follow);
	source.addEventListener("start", () => { told.textContent = "live"; });
	source.addEventListener("call", (e) => {
		fresh++;
		waiting.push(JSON.parse(e.data));
		if (waiting.length > shown) waiting.shift();
	});
	source.addEventListener("lost", (e) => { lost = JSON.parse(e.data); });
	source.addEventListener("end", () => {
		source.close();
		location.reload(); // the session has ended
	});
	source.addEventListener("error", () => {
		told.textContent = source.readyState === EventSource.CLOSED ? "ended; load the page again" : "connection lost; trying again";
	});
	// Said now and then, so that a screen reader can follow without every call being read out.
	setInterval(() => {
		if (source.readyState !== EventSource.OPEN) return;
		const some = fresh === 1 ? "1 new call" : fresh + " new calls";
		told.textContent = (paused() ? "paused, " : "live, ") + some + " in 10 s" + (lost > 0 ? "; " + lost + " left out, they came too fast" : "");
		fresh = 0;
	}, 10000);
}

// copy has a button put what is in a field into the clipboard.
function copy(button) {
	button.hidden = false;
	button.addEventListener("click", async () => {
		const field = document.getElementById(button.dataset.copy);
		try {
			await navigator.clipboard.writeText(field.value);
			button.textContent = "Copied";
		} catch {
			field.select();
			button.textContent = "Press Ctrl+C";
		}
	});
}

document.querySelectorAll("[data-refresh]").forEach(refresh);
document.querySelectorAll("[data-follow]").forEach(follow);
document.querySelectorAll("[data-copy]").forEach(copy);
