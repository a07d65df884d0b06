//go:build unix

package browser

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestScreenshots takes the images of docs/ADMIN.md, in the folder that ODOOBRIDGE_SCREENSHOTS names.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("ODOOBRIDGE_SCREENSHOTS")
	if folder == "" {
		t.Skip("takes images for the documentation: run make screenshots")
	}
	s := newShop(t)
	for _, scheme := range []string{"light", "dark"} {
		b := open(t, options{dark: scheme == "dark"})
		b.do(chromedp.Navigate(s.url), chromedp.WaitVisible("#login"))
		b.shoot(filepath.Join(folder, "sign-in-"+scheme+".png"), 560)
		b.signIn(s.url, "admin", "admin")
		for _, p := range []struct {
			path, name string
			height     int64
		}{
			{"/", "overview", 0},
			{"/calls", "calls", 800},
			{"/keys", "keys", 0},
			{"/keys/501", "key", 0},
			{"/users", "users", 0},
			{"/user?login=webshop", "user", 0},
			{"/settings", "settings", 0},
			{"/policies", "policies", 0},
			{"/audit", "audit", 0},
			{"/about", "about", 0},
		} {
			b.do(chromedp.Navigate(s.url+p.path), chromedp.WaitVisible("h1"))
			b.shoot(filepath.Join(folder, p.name+"-"+scheme+".png"), p.height)
		}
		b.do(chromedp.Navigate(s.url+"/keys/new?user=warehouse"), chromedp.SendKeys("#name", "packing table "+scheme), chromedp.Submit("#name"),
			chromedp.WaitVisible("#secret"))
		b.shoot(filepath.Join(folder, "new-key-"+scheme+".png"), 520)
		b.do(chromedp.Navigate(s.url+"/keys/503"), chromedp.Click("button.danger"), chromedp.WaitReady(`input[name="confirm"]`))
		b.shoot(filepath.Join(folder, "revoke-"+scheme+".png"), 420)
	}
}

// shoot takes an image of the page from its top, of all of it or of so many pixels.
func (b tab) shoot(file string, height int64) {
	b.t.Helper()
	size := command(b, page.GetLayoutMetrics, cdp.Empty{}).CSSContentSize
	end, err := chromedp.Run(b.Context, chromedp.Evaluate[float64](`document.querySelector("footer").getBoundingClientRect().bottom`))
	if err != nil {
		b.t.Fatal(err)
	}
	if height == 0 || end < float64(height) {
		height = int64(end)
	}
	beyond := true
	shot := command(b, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng,
		CaptureBeyondViewport: &beyond, Clip: &page.Viewport{Width: size.Width, Height: float64(height), Scale: 1}}).Data
	if err := os.WriteFile(file, small(b.t, shot), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// small is an image of 256 colours at most, the commonest of those it had: pages have few, and as many shades of them as there
// are edges of letters.
func small(t *testing.T, data []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[color.RGBA]int{}
	area := full.Bounds()
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(full.At(x, y)).(color.RGBA) }
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int { return cmp.Compare(counts[b], counts[a]) })
	palette := color.Palette{}
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
	nearest := map[color.RGBA]uint8{}
	for _, c := range colours {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(area, palette)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			out.SetColorIndex(x, y, nearest[at(x, y)])
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
