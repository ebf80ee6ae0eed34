#!/usr/bin/env bash
# Eva's device tests and figures on a machine where nothing is installed but the driver of its GPU.
#   run.sh [--quick] [N]     N: a device's number in the list that is printed first (default: the first GPU)
# Leaves in this folder: tests.log, bench.json, bench.html, and figures-DEVICE.md, a section for docs/gpu.md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here"

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

quick='' device=''
for argument in "$@"; do
    case $argument in
        --quick) quick=--quick ;;
        *[!0-9]* | '') fail "$argument: need --quick or a device's number" ;;
        *) device=$argument ;;
    esac
done

java=$here/jdk/bin/java
# Measured choices and kernels that a driver has built stay in this folder.
export XDG_CACHE_HOME=$here/cache HOME=${HOME:-$here}
mkdir -p "$XDG_CACHE_HOME"

known() {
    { /sbin/ldconfig -p 2>/dev/null || true; } | grep -q "$1 .*x86-64"
}

# The loader of the system knows best; else the one that came along.
if ! known libOpenCL.so.1; then
    [ -f opencl/libOpenCL.so.1 ] || fail "no OpenCL loader: neither libOpenCL.so.1 on this machine nor in $here/opencl"
    export LD_LIBRARY_PATH=$here/opencl${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi

# A loader finds drivers by files in /etc/OpenCL/vendors. Containers with an NVIDIA card have its library and no file.
if [ -z "${OCL_ICD_VENDORS:-}" ] && ! ls /etc/OpenCL/vendors/*.icd >/dev/null 2>&1; then
    mkdir -p opencl/vendors
    rm -f opencl/vendors/*.icd
    for driver in libnvidia-opencl.so.1 libamdocl64.so libigdrcl.so libpocl.so.2; do
        for folder in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib /usr/local/nvidia/lib64 /usr/local/cuda/lib64 \
            /usr/lib/wsl/lib /opt/rocm/lib /opt/rocm/opencl/lib /usr/lib/x86_64-linux-gnu/intel-opencl; do
            if [ -e "$folder/$driver" ]; then
                echo "$folder/$driver" >"opencl/vendors/$driver.icd"
                echo "driver: $folder/$driver (there is no file in /etc/OpenCL/vendors)"
                break
            fi
        done
    done
    ls opencl/vendors/*.icd >/dev/null 2>&1 ||
        fail "no OpenCL driver: no file in /etc/OpenCL/vendors and no library of NVIDIA, AMD, Intel or PoCL where" \
            "they usually are; set OCL_ICD_VENDORS to a folder with an .icd file, whose one line is the library's path"
    export OCL_ICD_VENDORS=$here/opencl/vendors
    # Khronos' loader takes files, not a folder.
    OCL_ICD_FILENAMES=$(cat opencl/vendors/*.icd | paste -s -d :)
    export OCL_ICD_FILENAMES
fi

# Charts: what the system lacks.
if ! known libfontconfig.so.1; then
    export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/fonts
fi
if [ ! -f /etc/fonts/fonts.conf ]; then
    printf '<?xml version="1.0"?><fontconfig><dir>%s</dir><cachedir>%s</cachedir></fontconfig>\n' \
        "$here/fonts" "$XDG_CACHE_HOME/fonts" >fonts/fonts.conf
    export FONTCONFIG_FILE=$here/fonts/fonts.conf
fi

echo "== devices"
"$java" -jar eva.jar devices
choice=()
if [ -n "$device" ]; then
    choice=("-Deva.opencl.device=$device")
fi

# A compiler in a driver would take the JVM's signal handlers. The jar sees to it itself where a command needs it.
with_signals=(env "LD_PRELOAD=$here/jdk/lib/libjsig.so${LD_PRELOAD:+:$LD_PRELOAD}")
flags=(--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -XX:MaxRAMPercentage=60 "${choice[@]}")
libraries=$(echo lib/*.jar eva.jar | tr ' ' :)

# With CI set, a device test that finds no device fails in place of being skipped.
tests() {
    CI=true "${with_signals[@]}" "$java" "${flags[@]}" -ea -Deva.jar="$here/eva.jar" -Deva.root="$here" "$@"
}

echo "== tests: the kernels against the reference, training and generating, golden models"
{
    tests -cp "tests/gpu:$libraries" org.junit.platform.console.ConsoleLauncher execute --disable-banner \
        --details=tree --select-package dev.eva.gpu --include-classname '.*\.(Device\w+|Signals)Test' &&
        tests -Deva.opencl.smallest=1 -cp "tests/suites:$libraries" org.junit.platform.console.ConsoleLauncher \
            execute --disable-banner --details=tree --select-package dev.eva.tests.device --include-tag device
} 2>&1 | tee tests.log | grep -E '^\[.*tests (found|successful|failed|skipped)|\[X\]' || true
grep -q 'tests successful' tests.log || fail "no test has run, see $here/tests.log"
if grep -qE '[1-9][0-9]* (tests|containers) failed' tests.log; then
    fail "tests failed, see $here/tests.log"
fi

echo "== kernels"
sizes=(512 1024 2048 4096)
if [ -n "$quick" ]; then
    sizes=(256 512)
fi
"${with_signals[@]}" "$java" "${flags[@]}" -cp "tests/gpu:$libraries" dev.eva.gpu.Figures "${sizes[@]}" |
    tee figures.part

echo "== eva bench"
"$java" -jar eva.jar bench $quick --device "cpu,gpu${device:+:$device}" --json bench.json --html bench.html

figure() {
    sed -n "/\"$1\" :/{n;s/.*: *//;s/,\$//;p;}" bench.json
}
{
    echo
    echo "Training steps, ms (\`eva bench${quick:+ --quick}\`):"
    echo
    echo "| model and batch | CPU | device | times as fast |"
    echo "|---|---|---|---|"
    sed -n 's/.*"\(train\.[^"]*\)\.gpu\.median" :.*/\1/p' bench.json | while read -r name; do
        echo "$name $(figure "$name.cpu.median") $(figure "$name.gpu.median")" |
            LC_ALL=C awk '{sub(/^train\./, "", $1); printf "| %s | %.1f | %.1f | %.2f |\n", $1, $2/1e3, $3/1e3, $2/$3}'
    done
} | tee -a figures.part
name=figures-$(sed -n '1s/^### //p' figures.part | tr -c 'A-Za-z0-9.\n' '-' | tr -s '-').md
mv figures.part "$name"
echo "== done: $here/$name, bench.json, bench.html, tests.log"
