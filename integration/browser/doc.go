// Package browser holds the administrator's pages to what a browser makes of them: make browser-test drives a headless
// Chromium, with JavaScript and without, and make screenshots takes the images of docs/ADMIN.md. There is nothing to import
// here.
package browser
