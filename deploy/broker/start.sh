#!/bin/sh
# Becomes one Kafka broker, in a container of the apache/kafka image whose files can't be written: (1) puts the
# settings together, (2) formats the data directory if it is empty, (3) runs the broker in this process.
# (The image's own launcher writes into the image, and can't make the first user that logs in with SCRAM.)
set -eu

given=${BROKER_GIVEN:-/etc/rekap}    # deploy/broker
access=${BROKER_ACCESS:-/run/rekap}  # deploy/open/kafka, or what make_secrets.py made
settings=${BROKER_WRITTEN:-/tmp}/server.properties
kafka=${KAFKA_BIN:-/opt/kafka/bin}

client=${BROKER_CLIENT_PORT:-9092}          # workers, sink, tools in the same network
controller=${BROKER_CONTROLLER_PORT:-9093}  # controllers and brokers
host=${BROKER_HOST_PORT:-9094}              # everybody on this machine, outside the containers
broker=${BROKER_BROKER_PORT:-9095}          # brokers to each other
on=${BROKER_LISTENS_ON:-}                   # empty: every interface of the container

# (1) Of two lines with the same name the later one counts. Without a file about who may connect it does not start.
for file in "$given/server.properties" "$given/$BROKER_COPIES.properties" "$access/security.properties"; do
    cat "$file"
    echo
done >"$settings"
cat >>"$settings" <<EOF
node.id=$BROKER_ID
controller.quorum.voters=$BROKER_VOTERS
listeners=CLIENT://$on:$client,CONTROLLER://$on:$controller,HOST://$on:$host,BROKER://$on:$broker
advertised.listeners=CLIENT://$BROKER_NAME:$client,HOST://127.0.0.1:$host,BROKER://$BROKER_NAME:$broker
EOF
if [ -n "${BROKER_DATA:-}" ]; then
    echo "log.dirs=$BROKER_DATA" >>"$settings"
fi

# (2) The password of the first administrator goes into the metadata; it is read here only when they are made.
set -- format --ignore-formatted --cluster-id "$BROKER_CLUSTER" --config "$settings"
if [ -e "$access/admin.scram" ]; then
    set -- "$@" --add-scram "$(cat "$access/admin.scram")"
fi
# What it says would put that password's hash into the container's output: it is shown only if it fails.
said=$(KAFKA_HEAP_OPTS=-Xmx128m "$kafka/kafka-storage.sh" "$@" 2>&1) || {
    echo "$said" >&2
    exit 1
}

# (3)
exec "$kafka/kafka-server-start.sh" "$settings"
