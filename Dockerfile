# The command `rekap` and what it needs, for every service of docker-compose.yml: init, setup, worker, sink, cli.
# By its digest, so that a build tomorrow begins with the same bytes; docs/operations.md says how to take another one.
ARG PYTHON=python:3.13.15-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/rekap
# Dependencies first: they change less often than we do. Each is what its hash says, and none is compiled here.
COPY requirements.lock ./
RUN /opt/rekap/bin/pip install --only-binary :all: --require-hashes --requirement requirements.lock
COPY . .
RUN /opt/rekap/bin/pip install --no-deps --no-build-isolation --no-index . \
    && /opt/rekap/bin/pip uninstall --yes setuptools pip \
    && find /opt/rekap -depth -type d -name tests -exec rm -r {} +

FROM ${PYTHON}
LABEL org.opencontainers.image.title="rekap" \
      org.opencontainers.image.description="Event-sourced election results" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number that no distribution gives to anybody else. What it may write are these two, and /tmp.
RUN groupadd --gid 10001 rekap \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin rekap \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data /snapshots /snapshots
COPY --from=build /opt/rekap /opt/rekap
ENV PATH=/opt/rekap/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    REKAP_DATA=/data
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["rekap"]
CMD ["--help"]
