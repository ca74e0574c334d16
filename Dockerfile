# The build image has what bindgen needs (libclang); the result has the binary alone. The toolchain is
# that of the recorded profile (profile/README.md), which no other takes.
FROM rust:1.95.0-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends clang libclang-dev cmake \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --locked --release --bin pgward

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/pgward --create-home pgward
COPY --from=build /src/target/release/pgward /usr/local/bin/pgward
USER pgward
WORKDIR /var/lib/pgward
ENV PGWARD_CONFIG=/etc/pgward/proxy.toml
EXPOSE 6432 9187
ENTRYPOINT []
CMD ["pgward", "serve"]
