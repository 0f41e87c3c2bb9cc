"use strict";
(() => {
    const picture = document.getElementById("timeline");
    const open = (hash) => {
        const target = hash.length > 1 ? document.getElementById(decodeURIComponent(hash.slice(1))) : null;
        // A proof may be within those that are folded away.
        for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
        if (target) target.scrollIntoView();
    };
    addEventListener("hashchange", () => open(location.hash));
    addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
    open(location.hash);
    if (!picture) return;

    const end = Number(picture.dataset.end);
    const data = JSON.parse(document.getElementById("data").textContent);
    const plots = [...picture.querySelectorAll(".plot")];
    const drawings = [...picture.querySelectorAll("svg")].map((svg) => [svg, svg.viewBox.baseVal.height]);
    const placed = [...picture.querySelectorAll(".t")].map((element) => [element, Number(element.dataset.a), Number(element.dataset.b)]);
    const ticks = document.getElementById("ticks");
    const shown = document.getElementById("shown");
    const cursor = document.getElementById("cursor");
    const hint = document.getElementById("hint");
    let from = 0, to = end;

    const seconds = (ms, decimals) => (ms / 1000).toFixed(decimals);
    const decimalsOf = (span) => (span < 200 ? 3 : span < 2000 ? 2 : span < 20000 ? 1 : 0);

    const draw = () => {
        const span = to - from;
        const width = plots[0].clientWidth || 1;
        for (const [svg, height] of drawings) svg.setAttribute("viewBox", `${from} 0 ${span} ${height}`);
        for (const [element, a, b] of placed) {
            // Cut to what is shown, so that a text stays at the visible part of its stretch.
            const left = Math.max(a, from), right = Math.min(b, to);
            element.hidden = right < left;
            if (right < left) continue;
            element.style.left = `${(left - from) / span * 100}%`;
            element.style.width = `${(right - left) / span * 100}%`;
            if (element.classList.contains("label"))
                element.classList.toggle("narrow", (right - left) / span * width < element.textContent.length * 6.6 + 6);
        }
        const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1.5e4, 3e4, 6e4, 12e4, 3e5, 6e5, 18e5, 36e5];
        const step = steps.find((one) => span / one <= width / 85) || 36e5;
        ticks.textContent = "";
        for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
            const tick = document.createElement("span");
            tick.className = "tick";
            tick.style.left = `${(at - from) / span * 100}%`;
            tick.textContent = `${seconds(at, step < 10 ? 3 : step < 100 ? 2 : step < 1000 ? 1 : 0)} s`;
            ticks.append(tick);
        }
        shown.textContent = span < end ? `${seconds(from, decimalsOf(span))} to ${seconds(to, decimalsOf(span))} s` : "drag to zoom";
    };
    const zoom = (a, b) => {
        const span = Math.min(end, Math.max(5, b - a));
        from = Math.min(Math.max(0, (a + b - span) / 2), end - span);
        to = from + span;
        draw();
    };
    const scale = (factor) => zoom((from + to) / 2 - (to - from) * factor / 2, (from + to) / 2 + (to - from) * factor / 2);

    const timeAt = (event) => {
        const box = plots[0].getBoundingClientRect();
        return from + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (to - from);
    };
    const place = (element, a, b) => {
        const box = plots[0].getBoundingClientRect(), whole = picture.getBoundingClientRect();
        const x = (time) => box.left - whole.left + (time - from) / (to - from) * box.width;
        element.style.left = `${x(a)}px`;
        if (b !== undefined) element.style.width = `${Math.max(1, x(b) - x(a))}px`;
    };

    const lanes = new Map();
    picture.querySelectorAll(".row.agent").forEach((row, index) => lanes.set(row, data.agents[index]));
    const describe = (event, time) => {
        hint.textContent = "";
        const line = (tag, text) => {
            const element = document.createElement(tag);
            element.textContent = text;
            hint.append(element);
        };
        line("b", `${seconds(time, Math.max(2, decimalsOf(to - from)))} s`);
        const lane = lanes.get(event.target.closest(".row"));
        for (const agent of lane ? [lane] : data.agents.slice(0, 12)) {
            const revisions = Object.entries(agent.bundles).map(([bundle, stretches]) => {
                const found = (stretches || []).find(([a, b]) => a <= time && time < b);
                return `${Object.keys(agent.bundles).length > 1 ? bundle + " " : ""}${found ? found[2] || "none" : "–"}`;
            });
            line("span", `${agent.name}: ${revisions.join(", ") || "–"}`);
        }
        const slice = lane && lane.slices[Math.floor(time / data.slice)];
        if (slice) {
            const [answered, refused, unanswered, slowest] = slice;
            line("span", `${answered} answered, ${refused} refused or undefined, ${unanswered} unanswered in ${data.slice} ms`);
            if (answered + refused > 0) line("span", `slowest answer ${(slowest / 1000).toFixed(1)} ms`);
        }
        hint.hidden = false;
        const right = event.clientX + 18 + hint.offsetWidth > innerWidth;
        hint.style.left = `${right ? event.clientX - hint.offsetWidth - 14 : event.clientX + 16}px`;
        hint.style.top = `${Math.min(event.clientY + 14, innerHeight - hint.offsetHeight - 8)}px`;
    };

    let start = null, band = null;
    picture.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || !event.target.closest(".plot") || event.target.closest("a")) return;
        start = timeAt(event);
        picture.setPointerCapture(event.pointerId);
    });
    picture.addEventListener("pointermove", (event) => {
        const inside = start !== null || event.target.closest(".plot");
        cursor.hidden = !inside;
        if (!inside) { hint.hidden = true; return; }
        const time = timeAt(event);
        place(cursor, time);
        if (start === null) { describe(event, time); return; }
        hint.hidden = true;
        if (!band) {
            band = document.createElement("div");
            band.className = "selecting";
            picture.append(band);
        }
        place(band, Math.min(start, time), Math.max(start, time));
    });
    picture.addEventListener("pointerup", (event) => {
        if (start !== null && band) zoom(Math.min(start, timeAt(event)), Math.max(start, timeAt(event)));
        if (band) band.remove();
        start = band = null;
    });
    picture.addEventListener("pointerleave", () => { cursor.hidden = hint.hidden = true; });
    picture.addEventListener("dblclick", () => zoom(0, end));
    document.getElementById("whole").addEventListener("click", () => zoom(0, end));
    document.getElementById("closer").addEventListener("click", () => scale(0.5));
    document.getElementById("wider").addEventListener("click", () => scale(2));
    document.getElementById("controls").hidden = false;
    document.querySelectorAll(".proof .find").forEach((button) => {
        const proof = button.closest(".proof");
        button.hidden = false;
        button.addEventListener("click", () => {
            const a = Number(proof.dataset.a), b = Number(proof.dataset.b), around = Math.max(500, (b - a) * 0.3);
            zoom(a - around, b + around);
            picture.scrollIntoView({ block: "center" });
        });
    });
    addEventListener("resize", draw);
    draw();
})();
