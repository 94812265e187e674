# Build: the locked dependencies and the project's own wheel, into a virtual environment.
FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/aiops
WORKDIR /src

# The lock alone first: a change to the sources does not install the dependencies again.
COPY requirements.lock ./
RUN /opt/aiops/bin/pip install --require-hashes --requirement requirements.lock

# The build backend, pinned as well, stays outside the environment that ships.
COPY requirements-build.lock ./
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --requirement requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY topology topology
COPY aiops aiops
COPY workers workers
COPY runbooks runbooks
RUN /opt/build/bin/python -m hatchling build -t wheel -d /dist \
    && /opt/aiops/bin/pip install --no-deps /dist/*.whl

# Run: no compiler, no build backend, no root.
FROM python:3.11-slim
RUN groupadd --system --gid 10001 aiops \
    && useradd --system --uid 10001 --gid aiops --home-dir /var/lib/aiops --create-home aiops
COPY --from=build /opt/aiops /opt/aiops
ENV PATH=/opt/aiops/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER aiops
WORKDIR /var/lib/aiops
VOLUME /var/lib/aiops
EXPOSE 8080
# Every part of the product needs its databases and its broker: doctor looks at both. The services
# of docker-compose.yml have narrower checks of their own.
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s --retries=3 \
    CMD ["aiops", "doctor"]
ENTRYPOINT ["aiops"]
CMD ["--help"]
