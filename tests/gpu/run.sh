#!/usr/bin/env bash
# For a machine with a GPU: builds Eva, runs the device's tests, and prints what it does beside the CPU.
#   tests/gpu/run.sh [N]      N: a device's number in ./eva devices (default: the first GPU)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

./eva devices
# With this set, a device test that finds no device fails in place of being skipped.
export CI=true
export JAVA_TOOL_OPTIONS="${JAVA_TOOL_OPTIONS:-}${1:+ -Deva.opencl.device=$1}"
mvn -B verify dependency:build-classpath -Dmdep.outputFile=target/classpath.txt -pl gpu,tests -am \
    -Dtest='Device*Test,OpenClDevicesTest,SignalsTest' -Dsurefire.failIfNoSpecifiedTests=false

# The JDK that ./eva has found stands at the end of the doctor's line.
home=$(./eva doctor 2>/dev/null | sed -n 's/^Java .*, //p')
LD_PRELOAD="$home/lib/libjsig.so" "$home/bin/java" --add-modules jdk.incubator.vector \
    --enable-native-access=ALL-UNNAMED -cp "gpu/target/classes:gpu/target/test-classes:$(cat gpu/target/classpath.txt)" \
    dev.eva.gpu.Figures 512 1024 2048 4096
