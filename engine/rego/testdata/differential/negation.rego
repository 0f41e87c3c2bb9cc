# Negation, every, defaults, else, comparisons between values of any type, and undefined in all its places.
package negation

import rego.v1

default allow := false

allow if {
	not blocked
	not input.user in data.base.banned
	reason == "ok"
}

blocked if input.flags.blocked

blocked if {
	some limit in data.base.limits
	input.count > limit
}

reason := "no user" if {
	not input.user
} else := "flagged" if {
	input.flags.suspicious == true
} else := "odd" if {
	is_number(input.count)
	input.count % 2 == 1
} else := "ok"

small if every limit in data.base.limits {
	input.count <= limit
}

uniform if {
	count(data.base.limits) > 0
	every i, limit in data.base.limits {
		limit >= i
		not limit == input.count
	}
}

all_allowed if every user in input.users {
	not user in data.base.banned
}

unbanned contains user if {
	some user in input.users
	not is_banned(user)
}

is_banned(user) if data.base.banned[_] == user

no_pair if {
	not exists_pair
}

exists_pair if {
	some i, j
	input.users[i] == data.base.banned[j]
	i != j
}

order := [compare(x, y) | some x in input.mixed; some y in data.base.mixed]

compare(x, y) := "less" if x < y

compare(x, y) := "equal" if x == y

compare(x, y) := "greater" if x > y

kinds := [type_name(x) | some x in input.mixed]

truths := [x | some x in input.mixed; x]

not_null := [x | some x in input.mixed; x != null]

deep_absent if not input.flags.a.b.c

default level := "unknown"

level := "high" if input.count >= 10

level := "low" if input.count < 10

decision := {
	"all_allowed": value(all_allowed_set),
	"allow": allow,
	"deep_absent": value({x | x := deep_absent}),
	"kinds": kinds,
	"level": level,
	"no_pair": value({x | x := no_pair}),
	"not_null": not_null,
	"order": order,
	"reason": reason,
	"small": value({x | x := small}),
	"sorted": sort(input.mixed),
	"truths": truths,
	"unbanned": unbanned,
	"uniform": value({x | x := uniform}),
}

all_allowed_set := {x | x := all_allowed}

value(set) := "undefined" if count(set) == 0

value(set) := x if some x in set

maybe := input.count if {
	not blocked
	not input.flags.blocked == false
}
