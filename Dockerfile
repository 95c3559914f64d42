# syntax=docker/dockerfile:1
# The image needs DATABASE_URL: embedded PostgreSQL and the Node of the npm packages are left out.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Bundler and commands' manifest want the development and platform packages; no install scripts.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY bin bin
COPY scripts scripts
COPY src src
RUN node scripts/build.ts

FROM node:24-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Without the optional packages: Node (189 MB) is in the base, PostgreSQL (embedded) is not for here.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=3000 \
    STEWARD_HOME=/data
RUN groupadd --system --gid 10001 steward \
 && useradd --system --uid 10001 --gid steward --home-dir /data --shell /usr/sbin/nologin steward \
 && install -d -o steward -g steward -m 0700 /data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/oclif.manifest.json /app/package.json ./
COPY bin bin
USER steward
VOLUME /data
EXPOSE 3000 3001
STOPSIGNAL SIGTERM
# For "start" and "start api"; docker-compose.yml has others for payments and workers.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/run.js"]
CMD ["start"]
