# Sets: construction, algebra, membership, sets of sets, order, and what builtins say to values of the wrong type.
package sets

import rego.v1

tags := {tag | some tag in data.base.tags}

wanted := {tag | some tag in input.wanted}

granted contains action if {
	some role in data.base.roles[input.user]
	some action in data.base.grants[role]
}

denied contains action if some action in data.base.denied[input.user]

pairs contains [role, action] if {
	some role, actions in data.base.grants
	some action in actions
}

nested := {{x, y} | some x in wanted; some y in tags}

default largest := "none"

largest := max(tags)

default smallest := "none"

smallest := min(wanted)

default joined := "none"

joined := concat(",", wanted)

default total := "none"

total := sum(wanted)

default everything := "none"

everything := union({tags, wanted, granted})

default common := "none"

common := intersection({tags, wanted})

default allow := false

allow if {
	input.action in granted
	not input.action in denied
}

decision := {
	"allow": allow,
	"both": tags & wanted,
	"common": common,
	"count": [count(tags), count(wanted), count(granted), count(nested)],
	"either": tags | wanted,
	"everything": everything,
	"granted": granted - denied,
	"joined": joined,
	"largest": largest,
	"nested": nested,
	"numbers": {x | some x in wanted; is_number(x)},
	"pairs": pairs,
	"smallest": smallest,
	"sorted": sort(tags | wanted),
	"subset": wanted - tags == set(),
	"total": total,
}

maybe := action if {
	action := input.action
	granted[action]
	wanted[_] == tags[_]
}
