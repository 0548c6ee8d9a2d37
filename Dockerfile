FROM python:3.11-slim
RUN useradd --create-home census && mkdir /census && chown census /census
WORKDIR /app
COPY . /app
RUN pip install --no-cache-dir -c constraints.txt '.[notebooks]'
USER census
VOLUME /census
ENTRYPOINT ["hubcensus"]
