#!/usr/bin/env bash
# Eva on a GPU: tests, figures beside the CPU and beside the card's own ceilings.
#   tests/gpu/run.sh [ARGUMENTS]     builds and runs here; what packed.sh takes: --quick, a device's number
#   tests/gpu/run.sh --pack FOLDER   builds a folder to be carried to a machine where nothing is installed;
#                                    there: FOLDER/run.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() {
    echo "run.sh: $*" >&2
    exit 1
}

# JUnit's own launcher, of the version that the tests are built with.
console=org.junit.platform:junit-platform-console-standalone:1.14.3
parts=(eva.jar jdk tests lib opencl fonts run.sh)

# The first place of a library that the system's loader would find.
library() {
    { /sbin/ldconfig -p 2>/dev/null || ldconfig -p; } | sed -n "s/^[[:space:]]*$1 .*x86-64.* => //p" | head -n 1
}

pack() {
    local to=$1 jdk classpath modules name found
    [ ! -e "$to" ] || [ -f "$to/run.sh" ] || [ -z "$(ls -A "$to")" ] || fail "$to: is there and is no packed folder"
    # ./eva builds eva.jar where it is stale; the JDK that it has found stands at the end of the doctor's line.
    jdk=$(./eva doctor 2>/dev/null | sed -n 's/^Java .*, //p')
    [ -x "$jdk/bin/jlink" ] || fail "$jdk: has no jlink; need a full JDK"
    mvn -q -B test-compile dependency:build-classpath dependency:copy -pl gpu,tests -am -Dmdep.includeScope=test \
        -Dmdep.outputFile=target/classpath.txt -Dartifact=$console -DoutputDirectory="$PWD/tests/target/console"

    mkdir -p "$to"
    (cd "$to" && rm -rf "${parts[@]}")
    cp cli/target/eva.jar "$to/"
    mkdir -p "$to/tests" "$to/lib" "$to/opencl" "$to/fonts"
    cp -r gpu/target/test-classes "$to/tests/gpu"
    cp -r tests/target/test-classes "$to/tests/suites"
    cp tests/target/console/*.jar "$to/lib/"
    classpath=$(cat tests/target/classpath.txt)
    for name in ${classpath//:/ }; do
        case $name in */assertj-core-*.jar | */byte-buddy-*.jar) cp "$name" "$to/lib/" ;; esac
    done

    # Named besides what jdeps sees: Aparapi asks for Unsafe by reflection; tests open jars as file systems.
    modules=$("$jdk/bin/jdeps" --multi-release 25 --ignore-missing-deps --print-module-deps "$to/eva.jar")
    "$jdk/bin/jlink" --add-modules "$modules,jdk.unsupported,jdk.zipfs" --no-header-files --no-man-pages \
        --compress zip-6 --output "$to/jdk"
    [ -f "$to/jdk/lib/libjsig.so" ] || fail "the image has no libjsig.so"

    found=$(library libOpenCL.so.1)
    if [ -n "$found" ]; then
        cp -L "$found" "$to/opencl/libOpenCL.so.1"
    else
        echo "run.sh: no libOpenCL.so.1 here to be taken along: the other machine has to have one" \
            "(apt install ocl-icd-libopencl1)" >&2
    fi
    # Charts need a font and what finds it.
    for name in libfontconfig.so.1 libfreetype.so.6 libexpat.so.1 libpng16.so.16 libz.so.1 libbrotlidec.so.1 \
        libbrotlicommon.so.1; do
        found=$(library "$name")
        [ -z "$found" ] || cp -L "$found" "$to/fonts/$name"
    done
    found=$(fc-match -f '%{file}' sans-serif 2>/dev/null || true)
    [ ! -f "$found" ] || cp "$found" "$to/fonts/"
    cp tests/gpu/packed.sh "$to/run.sh"
    chmod +x "$to/run.sh"
    echo "packed: $to, $(du -sh "$to" | cut -f 1); there: run.sh"
}

if [ "${1:-}" = --pack ]; then
    [ $# = 2 ] || fail "--pack FOLDER: need one folder"
    pack "$2"
else
    pack tests/target/packed
    exec tests/target/packed/run.sh "$@"
fi
