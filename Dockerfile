# Built in two stages: the first makes a virtual environment from locked, hashed requirements and the wheel,
# the second holds nothing but that. Build: docker build -t teckochecker .
FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.txt requirements-build.txt ./
RUN python -m venv /build && /build/bin/pip install --require-hashes -r requirements-build.txt
RUN python -m venv /opt/teckochecker && /opt/teckochecker/bin/pip install --require-hashes -r requirements.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src ./src
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/teckochecker/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/teckochecker/bin/python -m pip uninstall --yes pip

FROM python:3.13-slim
# Any user may be given with --user: what is written lies in /app, /data or a mounted folder, and nowhere else.
RUN useradd --uid 1000 --user-group --no-create-home --home-dir /app teckochecker \
    && mkdir -p /app /data && chown teckochecker:teckochecker /data && chmod 1777 /app
COPY --from=build /opt/teckochecker /opt/teckochecker
ENV PATH=/opt/teckochecker/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    API_HOST=0.0.0.0 API_PORT=8000 API_AUTH=always
WORKDIR /app
USER 1000:1000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['API_PORT']), timeout=4); c.request('GET', '/api/health'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["teckochecker"]
CMD ["start"]
