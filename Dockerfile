# One image, four roles: lianzhen serve --role web|node|media|worker.

ARG NODE_IMAGE=node:20-bookworm-slim
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${NODE_IMAGE} AS web_client
WORKDIR /build/web_client
COPY web_client/package.json web_client/package-lock.json ./
RUN npm ci
COPY web_client ./
RUN npm run build

FROM ${PYTHON_IMAGE} AS python
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/lianzhen
COPY requirements.lock /build/
# Wheels with the locked digests only: nothing is compiled, and no setup.py of others runs.
RUN /opt/lianzhen/bin/pip install --require-hashes --only-binary :all: -r /build/requirements.lock
WORKDIR /build
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY dicom dicom
COPY ecg ecg
COPY server server
COPY --from=web_client /build/web_client/dist web_client/dist
# With the locked build tool, which was installed above; the wheel carries the web client.
RUN /opt/lianzhen/bin/pip install --no-deps --no-build-isolation .

FROM ${PYTHON_IMAGE}
ENV PATH=/opt/lianzhen/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LIANZHEN_DATA_DIR=/var/lib/lianzhen
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin lianzhen \
    && install -d -o lianzhen -g lianzhen -m 0700 /var/lib/lianzhen
COPY --from=python /opt/lianzhen /opt/lianzhen
COPY deploy/healthcheck.py /opt/lianzhen/bin/lianzhen-health
USER lianzhen
WORKDIR /var/lib/lianzhen
STOPSIGNAL SIGTERM
ENTRYPOINT ["lianzhen"]
CMD ["serve"]
