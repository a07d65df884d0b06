package kubernetes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestOverlay: the overlay of docs/KUBERNETES.md can be built, and changes what it says.
func TestOverlay(t *testing.T) {
	text, err := os.ReadFile("../../docs/KUBERNETES.md")
	if err != nil {
		t.Fatal(err)
	}
	block := yamlBlock.FindSubmatch(text)
	if block == nil {
		t.Fatal("docs/KUBERNETES.md has no block of yaml")
	}
	dir := t.TempDir()
	base, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	// kustomize takes relative folders only.
	if base, err = filepath.Rel(dir, base); err != nil {
		t.Fatal(err)
	}
	overlay := strings.Replace(string(block[1]), "- kubernetes\n", "- "+base+"\n", 1)
	if overlay == string(block[1]) {
		t.Fatal("the overlay does not build on the folder kubernetes of the archive")
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(overlay), 0o600); err != nil {
		t.Fatal(err)
	}
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	built, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"namespace: integrations", "image: registry.example.com/odoobridge:0.9.0", "ODOOBRIDGE_ODOO_URL: http://odoo.erp.svc:8069",
		`ODOOBRIDGE_MAX_CALLS: "4"`, "ODOOBRIDGE_ADMIN_LISTEN: :8078",
	} {
		if !strings.Contains(string(built), want) {
			t.Errorf("the overlay does not say %q:\n%s", want, built)
		}
	}
}
