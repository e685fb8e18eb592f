#!/bin/sh
# Stands before rustc: the crate itself is built to report which of its edges are reached, what it depends on is not, so
# that dependencies already built for the tests are used as they are.
rustc=$1
shift
case " $* " in
*" --crate-name packet "*) exec "$rustc" "$@" $COVERAGE ;;
*) exec "$rustc" "$@" ;;
esac
