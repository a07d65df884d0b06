// Package kubernetes tests packaging/kubernetes without a cluster. It is a module of its own, so that Kubernetes' libraries
// are no dependencies of the program.
package kubernetes
