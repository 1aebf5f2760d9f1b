#!/bin/sh
# Stands in for every program that .ci/gpu runs, under each one's name. It writes its call down, and
# the FAULT_AT-th call of all goes wrong in the way that FAULT names.
me=${0##*/}
echo "$me $1" >> "$FAKES/calls"
results='' out='' import=''
previous=''
for argument in "$@"; do
    case $previous in
    --results) results=$argument ;;
    --out) out=$argument ;;
    --import) import=$argument ;;
    esac
    previous=$argument
done
if [ "$(wc -l < "$FAKES/calls")" -eq "${FAULT_AT:-0}" ]; then
    case $FAULT in
    fails)
        echo "part of $me"
        echo 'it broke' >&2
        exit 3
        ;;
    hangs)
        echo "part of $me"
        # As one that does not end when it is told to.
        trap '' TERM
        sleep 600 &
        wait
        wait
        ;;
    rubbish)
        printf '\377\000\377'
        case $* in
        *--pack*) printf '\037\213rubbish' > "$out" ;;
        *--results*)
            mkdir -p "$results"
            printf '\377\000\377' > "$results/raw.jsonl"
            ;;
        esac
        exit 0
        ;;
    esac
fi
case "$me $*" in
podpath*--pack*) exec "$PODPATH_REAL" "$@" ;;
podpath*--judge*)
    mkdir -p "$out"
    echo 'test,value' > "$out/judging.csv"
    ;;
podpath*)
    # What a calibration left, and an import would leave.
    [ -z "$import" ] || gzip -t "$import" || exit 2
    mkdir -p "$results" "$out/gpu"
    cp "$FAKES/calibration/raw.jsonl" "$results/"
    cp "$FAKES/profiles/gpu/my-gpu.csv" "$out/gpu/"
    ;;
*) echo "$me $*" ;;
esac
