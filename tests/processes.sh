# processes — a space of real processes for black-box tests: started, killed, asked how they stand.
# Sourced after outside.sh. $S is the space, $NODES how many, $RUN what `node run` gets besides.

S=$PLACE/space
NODES=${NODES:-5}
RUN=${RUN:-}
TX=
declare -a PID

end_nodes() {
    local p
    for p in "${PID[@]}"; do
        kill -CONT "$p" 2>/dev/null
        kill -9 "$p" 2>/dev/null
    done
    wait 2>/dev/null
}
end_everything() {
    end_nodes
}
printf 'right horse' >"$PLACE/pass"
export CARNET_PASSPHRASE_FILE=$PLACE/pass CARNET_DIR=$S

# start INDEX [DIR]: the node as a child of its own.
start() {
    # shellcheck disable=SC2086
    "$CARNET" node run --dir "${2:-$S}" --index "$1" $RUN >>"$PLACE/node-$1.log" 2>&1 </dev/null &
    PID[$1]=$!
}
end() {
    kill "${2:--9}" "${PID[$1]}"
    wait "${PID[$1]}" 2>/dev/null
    PID[$1]=
}

# of INDEX MEMBER: what a node says of itself.
of() {
    "$CARNET" net status --json | python3 -c 'import json,sys
row = json.load(sys.stdin)["nodes"][int(sys.argv[1])]
print(json.dumps(row.get(sys.argv[2])))' "$1" "$2"
}
up() {
    [ "$(of "$1" up)" = true ]
}
votes() {
    [ "$(of "$1" voting)" = true ]
}
silent() {
    [ "$(of "$1" voting)" = false ]
}
runs() {
    kill -0 "${PID[$1]}" 2>/dev/null
}
level() {
    local mine first
    first=$(of 0 hash)
    mine=$(of "$1" hash)
    [ "$mine" != null ] && [ "$mine" = "$first" ]
}
above() {
    local height
    height=$(of "$1" height)
    [ "$height" != null ] && [ "$2" != null ] && [ "$height" -gt "$2" ]
}
log_says() {
    grep -aqs "$2" "$PLACE/node-$1.log"
}
# pay COUNT: so many blocks at least, one transaction each.
pay() {
    local i
    for ((i = 0; i < $1; i++)); do
        timeout 30 "$CARNET" money issue --to exporter --amount 1.00 --as bank --json \
            >"$PLACE/pay" 2>&1 || {
            cat "$PLACE/pay"
            return 1
        }
        [ -n "$TX" ] || TX=$(sed -n 's/.*"tx": "\([0-9a-f]*\)".*/\1/p' "$PLACE/pay")
    done
}
# address INDEX peer|api
address() {
    python3 -c 'import json,sys
print(json.load(open(sys.argv[1]))["nodes"][int(sys.argv[2])][sys.argv[3]])' \
        "$S/nodes.json" "$1" "$2"
}
exits() {
    local want=$1 got
    shift
    "$CARNET" "$@"
    got=$?
    [ $got -eq "$want" ]
}
