package kubernetes

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const folder = "../../packaging/kubernetes"

// base is what "kubectl apply -k" would send.
type base struct {
	config     corev1.ConfigMap
	account    corev1.ServiceAccount
	deployment appsv1.Deployment
	service    corev1.Service
	scaler     autoscalingv2.HorizontalPodAutoscaler
	budget     policyv1.PodDisruptionBudget
	network    networkingv1.NetworkPolicy
}

// build runs kustomize in a folder and reads each resource strictly: a field that its kind does not have is an error.
func build(t *testing.T, folder string) base {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	var b base
	kinds := map[string]any{
		"v1 ConfigMap": &b.config, "v1 ServiceAccount": &b.account, "apps/v1 Deployment": &b.deployment, "v1 Service": &b.service,
		"autoscaling/v2 HorizontalPodAutoscaler": &b.scaler, "policy/v1 PodDisruptionBudget": &b.budget,
		"networking.k8s.io/v1 NetworkPolicy": &b.network,
	}
	for _, r := range resources.Resources() {
		kind := r.GetApiVersion() + " " + r.GetKind()
		into, ok := kinds[kind]
		if !ok {
			t.Errorf("%s is there twice, or was not expected", kind)
			continue
		}
		delete(kinds, kind)
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, into); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for kind := range kinds {
		t.Errorf("there is no %s", kind)
	}
	return b
}

func (b base) container() corev1.Container { return b.deployment.Spec.Template.Spec.Containers[0] }

func secret(t *testing.T) corev1.Secret {
	t.Helper()
	text, err := os.ReadFile(folder + "/secret.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var s corev1.Secret
	if err := yaml.UnmarshalStrict(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSelectors: what selects pods selects these.
func TestSelectors(t *testing.T) {
	b := build(t, folder)
	pod := labels.Set(b.deployment.Spec.Template.Labels)
	selectors := map[string]*metav1.LabelSelector{
		"Deployment":          b.deployment.Spec.Selector,
		"Service":             {MatchLabels: b.service.Spec.Selector},
		"PodDisruptionBudget": b.budget.Spec.Selector,
		"NetworkPolicy":       &b.network.Spec.PodSelector,
		"topology":            b.deployment.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector,
	}
	for what, s := range selectors {
		selector, err := metav1.LabelSelectorAsSelector(s)
		if err != nil || selector.Empty() || !selector.Matches(pod) {
			t.Errorf("the selector of the %s, %v, does not select pods labelled %v: %v", what, selector, pod, err)
		}
	}
	if to := b.scaler.Spec.ScaleTargetRef; to.Kind != "Deployment" || to.Name != b.deployment.Name {
		t.Errorf("the HorizontalPodAutoscaler scales %v", to)
	}
	if b.deployment.Spec.Replicas != nil {
		t.Error("the Deployment says how many pods there are, which is the HorizontalPodAutoscaler's to say")
	}
	if n := b.budget.Spec.MaxUnavailable.IntValue(); n < 1 || int32(n) >= *b.scaler.Spec.MinReplicas {
		t.Errorf("%d of at least %d pods may be away: nodes can't be drained, or calls are refused meanwhile", n, *b.scaler.Spec.MinReplicas)
	}
}

// TestPorts: names of ports are those of the container, and those are the program's.
func TestPorts(t *testing.T) {
	b := build(t, folder)
	ports := map[string]int32{}
	for _, p := range b.container().Ports {
		ports[p.Name] = p.ContainerPort
	}
	if ports["http"] != 8079 || ":"+fmt.Sprint(ports["admin"]) != b.config.Data["ODOOBRIDGE_ADMIN_LISTEN"] {
		t.Errorf("the container's ports are %v", ports)
	}
	named := map[string]intstr.IntOrString{"the Service": b.service.Spec.Ports[0].TargetPort}
	c := b.container()
	for what, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
		named["the probe of "+what] = probe.HTTPGet.Port
		if want := map[bool]string{true: "/readyz/accepting", false: "/livez"}[what == "readiness"]; probe.HTTPGet.Path != want {
			t.Errorf("the probe of %s asks %s", what, probe.HTTPGet.Path)
		}
	}
	for i, rule := range b.network.Spec.Ingress {
		named[fmt.Sprintf("the NetworkPolicy's rule %d", i)] = *rule.Ports[0].Port
		if rule.Ports[0].Port.StrVal == "admin" && len(rule.From) == 0 {
			t.Error("the NetworkPolicy lets everyone to the admin listener")
		}
	}
	for what, port := range named {
		if ports[port.StrVal] == 0 {
			t.Errorf("%s names the port %v, which the container does not have", what, port)
		}
	}
	if n := len(b.service.Spec.Ports); n != 1 || b.service.Spec.Ports[0].TargetPort.StrVal != "http" {
		t.Errorf("the Service offers %v; the admin listener is not for callers", b.service.Spec.Ports)
	}
}

// TestPodSecurity: the pods are let in where Kubernetes' Pod Security Standard "restricted" is enforced.
func TestPodSecurity(t *testing.T) {
	b := build(t, folder)
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	template := b.deployment.Spec.Template
	results := evaluator.EvaluatePod(psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}, &template.ObjectMeta, &template.Spec)
	for _, r := range results {
		if !r.Allowed {
			t.Errorf("%s: %s", r.ForbiddenReason, r.ForbiddenDetail)
		}
	}
	if c := b.container(); c.SecurityContext.ReadOnlyRootFilesystem == nil || !*c.SecurityContext.ReadOnlyRootFilesystem {
		t.Error("the container may write to its image")
	}
	if b.account.AutomountServiceAccountToken == nil || *b.account.AutomountServiceAccountToken {
		t.Error("the pods get a token of Kubernetes, for which they have no use")
	}
}

// TestSecret: the file that the program reads is in the example's Secret, and it is no resource of the base.
func TestSecret(t *testing.T) {
	b, s := build(t, folder), secret(t)
	volume, mount := b.deployment.Spec.Template.Spec.Volumes[0], b.container().VolumeMounts[0]
	if volume.Secret == nil || volume.Secret.SecretName != s.Name || mount.Name != volume.Name {
		t.Errorf("the volume %v, mounted as %v, is not of the Secret %s", volume, mount, s.Name)
	}
	for _, e := range b.container().Env {
		if e.Name != "ODOOBRIDGE_DATABASE_URL_FILE" {
			continue
		}
		if name, ok := strings.CutPrefix(e.Value, mount.MountPath+"/"); !ok || s.StringData[name] == "" {
			t.Errorf("%s is %s, which is no file of the Secret %s in %s", e.Name, e.Value, s.Name, mount.MountPath)
		}
	}
	if from := b.container().EnvFrom; len(from) != 1 || from[0].ConfigMapRef == nil || from[0].ConfigMapRef.Name != b.config.Name || b.config.Name == "odoobridge" {
		t.Errorf("the settings come from %v, want the ConfigMap %s, named after what is in it", from, b.config.Name)
	}
}

// TestSettings: the program takes the settings of the ConfigMap and the Secret, and knows all of them.
func TestSettings(t *testing.T) {
	b := build(t, folder)
	env, n := []string{"ODOOBRIDGE_DATABASE_URL=" + secret(t).StringData["database-url"]}, 1
	for name, v := range b.config.Data {
		env = append(env, name+"="+v)
		n++
	}
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./cmd/odoobridge"}, append(b.container().Args, "--check")...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "# ODOOBRIDGE_") != n {
		t.Errorf("%v: of %d settings, %d were taken\n%s", err, n, strings.Count(string(out), "# ODOOBRIDGE_"), out)
	}
}
