FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags=-s -o /odoobridge ./cmd/odoobridge

# Nothing but the program and the certificate authorities it needs for an Odoo behind TLS. There is no shell and so no
# HEALTHCHECK: ask /readyz on the admin listener, from where it can be reached.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /odoobridge /odoobridge
USER 65532:65532
EXPOSE 8079 8078
ENTRYPOINT ["/odoobridge"]
CMD ["serve"]
