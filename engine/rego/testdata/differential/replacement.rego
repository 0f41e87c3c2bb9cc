# with: input and data replaced whole and in part, nested, restored afterwards, in rules that were already evaluated
# without it; functions and builtins replaced.
package replacement

import rego.v1

default allow := false

allow if {
	some role in data.base.roles[input.user]
	data.base.grants[role][_] == input.action
	not frozen
}

frozen if data.base.frozen[input.user]

who := input.user

direct := allow

as_user[user] := result if {
	some user, _ in data.base.roles
	result := allow with input.user as user
}

as_action := {action: result |
	some action in ["read", "write", "delete"]
	result := allow with input.action as action
}

thawed := result if {
	result := allow with data.base.frozen as {}
}

default thawed := "undefined"

nested := [outer, inner, again, plain] if {
	outer := [who, middle] with input.user as "outer"
	inner := middle
	again := who with input as {"user": "again"}
	plain := object.get(input, "user", "none")
}

default nested := "undefined"

middle := result if {
	result := who with input.user as "inner"
}

default deep := "undefined"

deep := result if {
	result := path with input.a.b.c as 1 with input.a.d as 2
}

path := input.a

clock := now if {
	now := time.now_ns() with time.now_ns as 42
}

shadowed := x if {
	x := double(3) with double as triple
}

double(x) := x * 2

triple(x) := x * 3

counted := result if {
	result := measure(data.base.roles) with count as 7
}

default counted := "undefined"

measure(x) := count(x)

undone := result if {
	first := allow
	second := allow with data.base.grants as {}
	third := allow
	result := [first, second, third]
}

default missing := "undefined"

missing := result if {
	result := absent with input.user as "nobody" with data.base.x.y as input.action
}

absent := data.base.x.y

whole := [a, b] if {
	a := data.base.level with data.base as {"level": "replaced"}
	b := object.get(data.base, "level", "none")
}

default whole := "undefined"

decision := {
	"as_action": as_action,
	"as_user": as_user,
	"clock": clock,
	"counted": counted,
	"deep": deep,
	"direct": direct,
	"missing": missing,
	"nested": nested,
	"shadowed": shadowed,
	"thawed": thawed,
	"undone": undone,
	"whole": whole,
}

maybe := x if {
	x := frozen with input.user as input.other
}
