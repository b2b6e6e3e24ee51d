# What `helm test` runs in a pod that is one of the tenant's workloads to every policy: whether what must be open is
# open, and what must be closed is closed. For any POSIX sh, with nc (-z, -vv, -w) and nslookup (-type, -port, -timeout,
# -retry) as BusyBox has them.
#
# CHECKS says what is checked, a line each: EXPECTED HOW ADDRESS PORT WHAT...
#   EXPECTED   open, closed, or skip: then WHAT says why
#   HOW        tcp, or dns: a question over UDP, where any answer is one
#   ADDRESS    an IP address, or nameserver: the one that /etc/resolv.conf names
# TIMEOUT      seconds until silence counts as closed
# REJECTS      true where the network plugin rejects what it closes, and does not drop it
# ATTEMPTS     how often a check is made until it comes out as expected: policies of a new pod take a moment
# RESOLV_CONF  what is read instead of /etc/resolv.conf
#
# Prints a line a check (ok, FAIL or skip; what, where, what was seen). Exits with 1 when one fails, or none was made.
# Whatever comes from outside is data here: it is checked before a program gets it, and cleaned before it is printed.
set -u
export LC_ALL=C
made=0 failed=0
newline='
'

# Prints a line: STATUS TEXT.
say() {
    printf '%-4s  %s\n' "$1" "$(printf %s "$2" | tr -c ' -~' '?')"
}

# Sets `seen` to open, refused, closed and how, or to what else was heard: HOW ADDRESS PORT.
look() {
    if [ "$1" = dns ]; then
        said=$(nslookup -type=a -port="$3" -timeout="${TIMEOUT:-3}" -retry=1 kubernetes.default.svc.cluster.local "$2" 2>&1 </dev/null)
        # nslookup says whose answer it is, whatever it is; the exit code is about the name.
        case $said in *Server:*) seen=open && return ;; esac
    elif said=$(nc -z -vv -w "${TIMEOUT:-3}" "$2" "$3" 2>&1 </dev/null); then
        seen=open && return
    fi
    # In the words of glibc, musl and uClibc. nslookup says what it heard, and goes on to say that it timed out.
    case $said in
        *onnection\ refused*) seen=refused ;;
        *nreachable* | *o\ route\ to\ host*) seen='closed (unreachable)' ;;
        *ermission\ denied* | *not\ permitted*) seen='closed (prohibited)' ;;
        *timed\ out*) seen='closed (timed out)' ;;
        *) seen="cannot tell: ${said%%"$newline"*}" ;;
    esac
}

# Whether what was seen is what was expected: EXPECTED.
agrees() {
    case $1,$seen,${REJECTS:-} in
        open,open,* | closed,closed*,* | closed,refused,true) return 0 ;;
    esac
    return 1
}

# Prints why no program can be given this, and nothing when one can: ADDRESS PORT.
unusable() {
    case $1,$2 in
        '$('*) echo 'no such Service was in this namespace when the pod started' ;;
        ,* | -* | *[!0-9A-Fa-f.:]*,*) echo 'not an IP address' ;;
        *, | *,*[!0-9]*) echo 'not a port' ;;
    esac
}

# Prints what is wrong with what was seen: EXPECTED.
wrong() {
    case $1,$seen in
        closed,open) echo 'open, and has to be closed. If a value of yours opens it on purpose, take the check out of isolationTest' ;;
        closed,refused) echo 'refused: packets get through to a host that answers. Or the network plugin rejects what it closes, as kube-router and K3s do: then set isolationTest.rejects: true' ;;
        *) printf %s "$seen, and has to be $1" ;;
    esac
}

# Makes one check: EXPECTED HOW ADDRESS PORT WHAT.
check() {
    made=$((made + 1))
    protocol=TCP left=${ATTEMPTS:-3}
    [ "$2" = dns ] && protocol=UDP
    problem=$(unusable "$3" "$4")
    if [ -z "$problem" ]; then
        while look "$2" "$3" "$4" && ! agrees "$1" && [ "$left" -gt 1 ]; do
            left=$((left - 1))
            sleep 2
        done
        agrees "$1" && say ok "$5, $3 $protocol $4: $seen" && return
        problem=$(wrong "$1")
    fi
    failed=$((failed + 1))
    say FAIL "$5, $3 $protocol $4: $problem"
}

# Prints the first nameserver of a resolv.conf, and nothing when there is none: FILE.
nameserver() {
    while read -r key address _; do
        [ "$key" = nameserver ] && printf %s "$address" && return
    done <"$1"
}

while read -r expected how address port what; do
    if [ "$address" = nameserver ]; then
        address=$(nameserver "${RESOLV_CONF:-/etc/resolv.conf}")
        case $address in 169.254.*) expected=skip what="$what: $address is on the node itself, and policies need not close that" ;; esac
    fi
    case $expected in
        skip) say skip "$what" ;;
        ?*) check "$expected" "$how" "$address" "$port" "$what" ;;
    esac
done <<EOF
$CHECKS
EOF

[ "$made" -gt 0 ] || say FAIL 'nothing was checked'
say "" "$made checked, $failed failed"
[ "$made" -gt 0 ] && [ "$failed" -eq 0 ]
