#!/usr/bin/env bash
# Writes docs/performance.md: Eva's figures on this machine beside its peers', each a section that runs by itself, two
# minutes at most, on a machine with nothing else to do.
#   bench/performance.sh [--quick] [--peers FOLDER] [--only SECTION,...] [--out FILE]
# --peers: what bench/peers/setup.sh made (or PEERS in the environment); --only: sections whose names begin so, the others
# stay as measured before; --only page: none. Results are kept in bench/target/performance.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# The JDK that ./eva has found stands at the end of the doctor's line.
java=$(./eva doctor 2>/dev/null | sed -n 's/^Java .*, //p')/bin/java
if ! [ bench/target/benchmarks.jar -nt bench/src/main ] || [ -n "$(find ./*/src/main -newer bench/target/benchmarks.jar -print -quit)" ]; then
    mvn -q -DskipTests package -pl bench -am
fi
options=("@cli/src/main/resources/dev/eva/cli/jvm.options")
[ "$(uname -s)" != Linux ] || options+=("@cli/src/main/resources/dev/eva/cli/jvm-linux.options")
exec "$java" "${options[@]}" -cp bench/target/benchmarks.jar dev.eva.bench.Performance ${PEERS:+--peers "$PEERS"} "$@"
