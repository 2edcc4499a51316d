# The one image of web, scheduler, worker and the one-shot migration.
#
#   docker build -t baijing .
#   docker build -t baijing --build-arg BASE_IMAGE=my-debian-with-python --network none .
#
# BASE_IMAGE: any Debian or Ubuntu with Python 3.11 or 3.12, its venv module and pip.
# Without network: put the wheels into build/wheels first (docs/operators.md says how); when there is
# one wheel in the build context no index is asked at all.
ARG BASE_IMAGE=python:3.12-slim-bookworm

FROM ${BASE_IMAGE} AS packages
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# the pattern matches nothing where there are no wheels, which a plain name would refuse
COPY requirements/app.txt build/wheel[s] /build/
# hashes are required, and nothing is compiled: a package without a wheel for this platform is an error
RUN python3 -m venv /opt/baijing \
 && if ls /build/*.whl >/dev/null 2>&1; then where="--no-index --find-links=/build"; else where=; fi \
 && /opt/baijing/bin/python -m pip install --quiet --require-hashes --only-binary=:all: $where -r /build/app.txt

# a stage of its own: a change of ours leaves the layer with the packages as it is
FROM packages AS source
WORKDIR /srv/baijing
COPY . .
RUN rm -rf build requirements \
 && /opt/baijing/bin/python tools/translations.py compile \
 && rm -rf tools \
 && /opt/baijing/bin/python -m compileall -q app trial scoring sandbox problems migrations deploy

FROM ${BASE_IMAGE}
# the folders exist with their owner, so that a fresh volume mounted there belongs to the user
RUN groupadd --gid 10001 baijing \
 && useradd --uid 10001 --gid baijing --no-create-home --home-dir /var/lib/baijing --shell /usr/sbin/nologin baijing \
 && install -d -o baijing -g baijing -m 750 /var/lib/baijing /var/lib/baijing-blobs
COPY --from=packages /opt/baijing /opt/baijing
COPY --from=source /srv/baijing /srv/baijing
ENV PATH=/opt/baijing/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BAIJING_ENV=production \
    BAIJING_INSTANCE=/var/lib/baijing \
    BAIJING_BLOBS_URL=file:///var/lib/baijing-blobs \
    BAIJING_SANDBOX=docker \
    BAIJING_HOST=0.0.0.0
WORKDIR /srv/baijing
USER baijing
EXPOSE 8000
CMD ["flask", "web"]
