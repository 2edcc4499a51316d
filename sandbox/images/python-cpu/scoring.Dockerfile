# The libraries plus our scoring package: a layer of its own, so that a changed metric takes seconds.
ARG BASE_IMAGE
FROM ${BASE_IMAGE} AS scoring
LABEL org.baijing.image.stage=scoring
COPY scoring /opt/baijing/scoring
COPY finish.py /build/
RUN python -B /build/finish.py scoring /opt/baijing

FROM ${BASE_IMAGE}
COPY --from=scoring /opt/baijing /opt/baijing
