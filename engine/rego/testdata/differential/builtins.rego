# Every builtin of the agent, over arguments of every type; calls that OPA finds in error leave a gap.
package builtins

import rego.v1

called["abs"] := [r |
	some a in input.one
	r := [x | x := abs(a[0])]
]

called["ceil"] := [r |
	some a in input.one
	r := [x | x := ceil(a[0])]
]

called["floor"] := [r |
	some a in input.one
	r := [x | x := floor(a[0])]
]

called["round"] := [r |
	some a in input.one
	r := [x | x := round(a[0])]
]

called["count"] := [r |
	some a in input.one
	r := [x | x := count(a[0])]
]

called["max"] := [r |
	some a in input.one
	r := [x | x := max(a[0])]
]

called["min"] := [r |
	some a in input.one
	r := [x | x := min(a[0])]
]

called["product"] := [r |
	some a in input.one
	r := [x | x := product(a[0])]
]

called["sort"] := [r |
	some a in input.one
	r := [x | x := sort(a[0])]
]

called["sum"] := [r |
	some a in input.one
	r := [x | x := sum(a[0])]
]

called["array.flatten"] := [r |
	some a in input.one
	r := [x | x := array.flatten(a[0])]
]

called["array.reverse"] := [r |
	some a in input.one
	r := [x | x := array.reverse(a[0])]
]

called["intersection"] := [r |
	some a in input.one
	r := [x | x := intersection(a[0])]
]

called["union"] := [r |
	some a in input.one
	r := [x | x := union(a[0])]
]

called["lower"] := [r |
	some a in input.one
	r := [x | x := lower(a[0])]
]

called["upper"] := [r |
	some a in input.one
	r := [x | x := upper(a[0])]
]

called["trim_space"] := [r |
	some a in input.one
	r := [x | x := trim_space(a[0])]
]

called["strings.reverse"] := [r |
	some a in input.one
	r := [x | x := strings.reverse(a[0])]
]

called["object.keys"] := [r |
	some a in input.one
	r := [x | x := object.keys(a[0])]
]

called["object.union_n"] := [r |
	some a in input.one
	r := [x | x := object.union_n(a[0])]
]

called["json.is_valid"] := [r |
	some a in input.one
	r := [x | x := json.is_valid(a[0])]
]

called["json.marshal"] := [r |
	some a in input.one
	r := [x | x := json.marshal(a[0])]
]

called["json.unmarshal"] := [r |
	some a in input.one
	r := [x | x := json.unmarshal(a[0])]
]

called["is_array"] := [r |
	some a in input.one
	r := [x | x := is_array(a[0])]
]

called["is_boolean"] := [r |
	some a in input.one
	r := [x | x := is_boolean(a[0])]
]

called["is_null"] := [r |
	some a in input.one
	r := [x | x := is_null(a[0])]
]

called["is_number"] := [r |
	some a in input.one
	r := [x | x := is_number(a[0])]
]

called["is_object"] := [r |
	some a in input.one
	r := [x | x := is_object(a[0])]
]

called["is_set"] := [r |
	some a in input.one
	r := [x | x := is_set(a[0])]
]

called["is_string"] := [r |
	some a in input.one
	r := [x | x := is_string(a[0])]
]

called["to_number"] := [r |
	some a in input.one
	r := [x | x := to_number(a[0])]
]

called["type_name"] := [r |
	some a in input.one
	r := [x | x := type_name(a[0])]
]

called["time.clock"] := [r |
	some a in input.one
	r := [x | in_utc(a[0]); x := time.clock(a[0])]
]

called["time.date"] := [r |
	some a in input.one
	r := [x | in_utc(a[0]); x := time.date(a[0])]
]

called["time.weekday"] := [r |
	some a in input.one
	r := [x | in_utc(a[0]); x := time.weekday(a[0])]
]

called["time.parse_rfc3339_ns"] := [r |
	some a in input.one
	r := [x | x := time.parse_rfc3339_ns(a[0])]
]

called["base64.decode"] := [r |
	some a in input.one
	r := [x | x := base64.decode(a[0])]
]

called["base64.encode"] := [r |
	some a in input.one
	r := [x | x := base64.encode(a[0])]
]

called["base64.is_valid"] := [r |
	some a in input.one
	r := [x | x := base64.is_valid(a[0])]
]

called["base64url.decode"] := [r |
	some a in input.one
	r := [x | x := base64url.decode(a[0])]
]

called["base64url.encode"] := [r |
	some a in input.one
	r := [x | x := base64url.encode(a[0])]
]

called["base64url.encode_no_pad"] := [r |
	some a in input.one
	r := [x | x := base64url.encode_no_pad(a[0])]
]

called["hex.decode"] := [r |
	some a in input.one
	r := [x | x := hex.decode(a[0])]
]

called["hex.encode"] := [r |
	some a in input.one
	r := [x | x := hex.encode(a[0])]
]

called["equal"] := [r |
	some a in input.two
	r := [x | x := equal(a[0], a[1])]
]

called["gt"] := [r |
	some a in input.two
	r := [x | x := gt(a[0], a[1])]
]

called["gte"] := [r |
	some a in input.two
	r := [x | x := gte(a[0], a[1])]
]

called["lt"] := [r |
	some a in input.two
	r := [x | x := lt(a[0], a[1])]
]

called["lte"] := [r |
	some a in input.two
	r := [x | x := lte(a[0], a[1])]
]

called["neq"] := [r |
	some a in input.two
	r := [x | x := neq(a[0], a[1])]
]

called["internal.member_2"] := [r |
	some a in input.two
	r := [x | x := internal.member_2(a[0], a[1])]
]

called["div"] := [r |
	some a in input.two
	r := [x | x := div(a[0], a[1])]
]

called["minus"] := [r |
	some a in input.two
	r := [x | x := minus(a[0], a[1])]
]

called["mul"] := [r |
	some a in input.two
	r := [x | x := mul(a[0], a[1])]
]

called["numbers.range"] := [r |
	some a in input.two
	r := [x | small(a[0]); small(a[1]); x := numbers.range(a[0], a[1])]
]

called["plus"] := [r |
	some a in input.two
	r := [x | x := plus(a[0], a[1])]
]

called["rem"] := [r |
	some a in input.two
	r := [x | x := rem(a[0], a[1])]
]

called["array.concat"] := [r |
	some a in input.two
	r := [x | x := array.concat(a[0], a[1])]
]

called["and"] := [r |
	some a in input.two
	r := [x | x := and(a[0], a[1])]
]

called["or"] := [r |
	some a in input.two
	r := [x | x := or(a[0], a[1])]
]

called["concat"] := [r |
	some a in input.two
	r := [x | x := concat(a[0], a[1])]
]

called["contains"] := [r |
	some a in input.two
	r := [x | x := contains(a[0], a[1])]
]

called["endswith"] := [r |
	some a in input.two
	r := [x | x := endswith(a[0], a[1])]
]

called["indexof"] := [r |
	some a in input.two
	r := [x | x := indexof(a[0], a[1])]
]

called["indexof_n"] := [r |
	some a in input.two
	r := [x | x := indexof_n(a[0], a[1])]
]

called["split"] := [r |
	some a in input.two
	r := [x | x := split(a[0], a[1])]
]

called["startswith"] := [r |
	some a in input.two
	r := [x | x := startswith(a[0], a[1])]
]

called["strings.any_prefix_match"] := [r |
	some a in input.two
	r := [x | x := strings.any_prefix_match(a[0], a[1])]
]

called["strings.any_suffix_match"] := [r |
	some a in input.two
	r := [x | x := strings.any_suffix_match(a[0], a[1])]
]

called["strings.count"] := [r |
	some a in input.two
	r := [x | x := strings.count(a[0], a[1])]
]

called["trim"] := [r |
	some a in input.two
	r := [x | x := trim(a[0], a[1])]
]

called["trim_left"] := [r |
	some a in input.two
	r := [x | x := trim_left(a[0], a[1])]
]

called["trim_prefix"] := [r |
	some a in input.two
	r := [x | x := trim_prefix(a[0], a[1])]
]

called["trim_right"] := [r |
	some a in input.two
	r := [x | x := trim_right(a[0], a[1])]
]

called["trim_suffix"] := [r |
	some a in input.two
	r := [x | x := trim_suffix(a[0], a[1])]
]

called["format_int"] := [r |
	some a in input.two
	r := [x | x := format_int(a[0], a[1])]
]

called["sprintf"] := [r |
	some a in input.two
	r := [x | x := sprintf(a[0], a[1])]
]

called["object.filter"] := [r |
	some a in input.two
	r := [x | x := object.filter(a[0], a[1])]
]

called["object.remove"] := [r |
	some a in input.two
	r := [x | x := object.remove(a[0], a[1])]
]

called["object.union"] := [r |
	some a in input.two
	r := [x | x := object.union(a[0], a[1])]
]

called["graph.reachable"] := [r |
	some a in input.two
	r := [x | x := graph.reachable(a[0], a[1])]
]

called["internal.member_3"] := [r |
	some a in input.three
	r := [x | x := internal.member_3(a[0], a[1], a[2])]
]

called["numbers.range_step"] := [r |
	some a in input.three
	r := [x | small(a[0]); small(a[1]); x := numbers.range_step(a[0], a[1], a[2])]
]

called["array.slice"] := [r |
	some a in input.three
	r := [x | x := array.slice(a[0], a[1], a[2])]
]

called["replace"] := [r |
	some a in input.three
	r := [x | x := replace(a[0], a[1], a[2])]
]

called["substring"] := [r |
	some a in input.three
	r := [x | small(a[1]); small(a[2]); x := substring(a[0], a[1], a[2])]
]

called["strings.split_n"] := [r |
	some a in input.three
	r := [x | x := strings.split_n(a[0], a[1], a[2])]
]

called["object.get"] := [r |
	some a in input.three
	r := [x | x := object.get(a[0], a[1], a[2])]
]

# The agent knows no time zone but UTC, and says so.
in_utc(x) if not is_array(x)

in_utc(x) if not is_string(x[1])

in_utc(x) if x[1] in {"", "UTC"}

# Long ranges would only cost time; OPA 1.19.1 panics in substring when offset + length leaves 64 bits.
small(x) if not is_number(x)

small(x) if abs(x) < 100

sets := [s | some a in input.one; s := {x | some x in a[0]}]

over_sets := [[x, y, x & y, x | y, x - y, x == y, x < y, sort(x), count(x), max_of(x), json.marshal(x)] |
	some x in sets
	some y in sets
]

max_of(x) := [y | y := max(x)]

printed := [sprintf(format, a) | some a in input.two; some format in input.formats]

templates := [$"{a[0]}-{a[1].x}:{a[0][0]}." | some a in input.two; not is_array(a[0]); not is_object(a[0])]

replaced := [strings.replace_n({"a": "b", "b": "a", a[0]: "x"}, a[1]) | some a in input.two]

decision := {"called": called, "over_sets": over_sets, "printed": printed, "replaced": replaced, "templates": templates}

maybe := walked if {
	walked := [p | some a in input.one; walk(a[0], p)]
}
