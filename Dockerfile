# The mock as an image: docker build --tag toggle-mock . (docs/container.md)
#
# It has Python, the packages and the libraries of both, and neither a shell nor pip. What is in it stands in
# /usr/share/sbom/toggle-mock.cdx.json and /usr/share/licenses.
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
# Without a registry: PIP_NO_INDEX=1, with the wheels in build/wheels (make wheels).
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS=build/wheels
# What of the distribution's extras it has; load,postgres for examples/kubernetes/load.
ARG EXTRAS=serve,tls
WORKDIR /src
COPY . .
RUN pip install --quiet --root-user-action ignore --no-cache-dir --no-compile --no-warn-script-location \
        --ignore-installed --root /image --constraint tools/locked.txt ".[${EXTRAS}]" \
    && python tools/image_root.py /image

FROM scratch
COPY --from=build /image /

ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="toggle-mock" \
      org.opencontainers.image.description="A recording mock of Toggle, the control plane that Rodents report to" \
      org.opencontainers.image.licenses="Apache-2.0 AND MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"

# Settings of serve, which docker run --env changes. Names by which others ask for HTTP are not of this
# list unless they are usual: a page in a browser could have its own name lead here.
ENV PATH=/usr/local/bin \
    LANG=C.UTF-8 \
    HOME=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    TOGGLE_MOCK_HOST=0.0.0.0 \
    TOGGLE_MOCK_PORT=50051 \
    TOGGLE_MOCK_HTTP=8025 \
    TOGGLE_MOCK_HTTP_HOST=0.0.0.0 \
    TOGGLE_MOCK_HTTP_ALLOWED_HOST="toggle toggle-mock host.docker.internal"
EXPOSE 50051 8025
WORKDIR /data
VOLUME /data
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s --retries=3 CMD ["toggle-mock", "ready"]
ENTRYPOINT ["toggle-mock"]
CMD ["serve"]
