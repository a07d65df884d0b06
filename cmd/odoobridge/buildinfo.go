package main

import "github.com/prometheus/client_golang/prometheus"

// registerBuildInfo registers which program it is that runs, so that graphs can tell an upgrade.
func registerBuildInfo(reg prometheus.Registerer) {
	v, goVersion := versions()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "odoobridge_build_info", Help: "1, with the version of the program and that of Go which built it.",
		ConstLabels: prometheus.Labels{"version": v, "goversion": goVersion},
	})
	info.Set(1)
	reg.MustRegister(info)
}
