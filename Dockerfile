# An image of nothing but the program and the certificate authorities that an Odoo behind TLS needs.
#
#     docker build --build-arg VERSION=$(make -s version) --build-arg REVISION=$(git rev-parse HEAD) -t odoobridge .
#     docker run --read-only -e ODOOBRIDGE_DATABASE_URL=... -e ODOOBRIDGE_ODOO_URL=http://odoo:8069 -p 8079:8079 odoobridge
ARG GO_VERSION=1.26

FROM golang:${GO_VERSION} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION
# Set by BuildKit to what the image is for; empty is this machine's.
ARG TARGETARCH
RUN CGO_ENABLED=0 GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false \
    -ldflags="-s -w -X main.release=${VERSION}" -o /odoobridge ./cmd/odoobridge

FROM scratch
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="odoobridge" \
      org.opencontainers.image.description="The door through which integrations talk to Odoo" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /odoobridge /odoobridge
# By number, for Kubernetes' runAsNonRoot.
USER 65532:65532
EXPOSE 8079 8078
# Whether it runs, not whether Odoo is there: what restarts unhealthy containers would not bring Odoo back by it, and would
# lose the calls that wait. Who wants to know that it is ready asks "odoobridge health", as docker-compose.yml does.
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s --retries=3 CMD ["/odoobridge", "health", "--live"]
ENTRYPOINT ["/odoobridge"]
CMD ["serve"]
