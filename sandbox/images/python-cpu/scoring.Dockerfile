# The libraries plus our scoring package: a layer of its own, so that a changed metric takes seconds.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY scoring /opt/baijing/scoring
RUN python -m compileall -q /opt/baijing
