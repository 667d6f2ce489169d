#!/usr/bin/env bash
exec "$FAKE_NODE" ./server.mjs
