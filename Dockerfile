# The worker as an image. docs/deployment.md says how to run it; `.ci/image.mjs` checks it without a container engine.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY stand-ins stand-ins
RUN npm ci
COPY tsconfig.json tsconfig.worker.json ./
COPY scripts scripts
COPY shared shared
COPY session-runner session-runner
COPY supervisor supervisor
RUN npm run build

FROM ${NODE_IMAGE}
# An init of the image's own, since Kubernetes has no `--init`: it passes signals on and collects runners that outlive the supervisor.
# A fixed user without a name of its own elsewhere, so that volumes can be given to 10001.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 worker \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin worker \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data
WORKDIR /app
COPY package.json package-lock.json .npmrc LICENSE ./
COPY stand-ins stand-ins
RUN npm ci --omit=dev && npm cache clean --force
COPY --from=build /src/dist dist
# Everything the worker writes, its temporary files included, so that the rest may be read-only.
ENV NODE_ENV=production DATA_DIR=/data
VOLUME ["/data"]
USER 10001:10001
EXPOSE 8001
STOPSIGNAL SIGTERM
# Alive, not ready: a backend or a store that is away is no reason to restart it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WORKER_PORT || 8001}/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="WhatsApp gateway worker" \
      org.opencontainers.image.description="One supervisor, isolated session-runners, many WhatsApp sessions" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "--max-semi-space-size=4", "--v8-pool-size=1", "dist/supervisor/main.js"]
