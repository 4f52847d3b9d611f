FROM python:3.12-slim
RUN pip install --no-cache-dir rodent-events && install --directory --owner 65532 /var/lib/agent
COPY agent.py /app/
ENV RODENT_EVENTS_EVENTS_DIR=/var/lib/agent/events
VOLUME /var/lib/agent
USER 65532
CMD ["python", "/app/agent.py"]
