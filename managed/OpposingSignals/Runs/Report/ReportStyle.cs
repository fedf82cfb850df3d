namespace OpposingSignals.Runs.Report;

/// <summary>The style sheet of the report.</summary>
/// <remarks>
/// Colours after Okabe and Ito (2008), told apart under the common colour deficiencies; lightened for the dark theme so
/// that each keeps a contrast of at least 3 to the page. Free of characters that XML would have to escape.
/// </remarks>
internal static class ReportStyle
{
    public const string Sheet = """
        :root {
          color-scheme: light dark;
          --page: #ffffff; --ink: #1d2227; --muted: #5c6670; --grid: #e8ebee; --frame: #9aa3ab; --tile: #f5f6f8;
          --blue: #0072b2; --orange: #d55e00; --green: #00805c; --purple: #a8548a; --sky: #3288bd; --amber: #b07800;
          --note: #fff6dd;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #15181b; --ink: #e4e7ea; --muted: #9aa4ad; --grid: #272c31; --frame: #616b74; --tile: #1d2125;
            --blue: #5cb3e8; --orange: #f28a48; --green: #36c39a; --purple: #dc93c2; --sky: #8fcdf2; --amber: #e5b33c;
            --note: #33290f;
          }
        }
        @media print {
          :root {
            color-scheme: light;
            --page: #ffffff; --ink: #000000; --muted: #444444; --grid: #dddddd; --frame: #888888; --tile: #f2f2f2;
            --blue: #0072b2; --orange: #d55e00; --green: #00805c; --purple: #a8548a; --sky: #3288bd; --amber: #b07800;
            --note: #fff6dd;
          }
        }
        * { box-sizing: border-box; }
        body {
          margin: 0 auto; padding: 56px 32px 96px; max-width: 1040px; background: var(--page); color: var(--ink);
          font: 16px/1.6 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", Arial, sans-serif;
          -webkit-text-size-adjust: 100%; overflow-wrap: break-word;
        }
        h1 { font-size: 32px; line-height: 1.2; font-weight: 650; letter-spacing: -0.01em; margin: 0; }
        h2 { font-size: 23px; line-height: 1.3; font-weight: 620; margin: 72px 0 10px; }
        h3 { font-size: 19px; font-weight: 620; margin: 44px 0 12px; }
        h4 { font-size: 15px; font-weight: 620; margin: 32px 0 6px; }
        p { max-width: 74ch; margin: 0 0 14px; }
        .subtitle { color: var(--muted); margin: 8px 0 0; }
        .summary { margin-top: 32px; font-size: 18px; }
        .note { background: var(--note); border-left: 3px solid var(--amber); padding: 8px 14px; font-size: 15px; }
        .tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 12px; margin: 26px 0; }
        .tiles div { background: var(--tile); border-radius: 6px; padding: 13px 16px; display: flex; flex-direction: column; }
        .tiles dt { color: var(--muted); font-size: 13px; line-height: 1.35; }
        .tiles dd { margin: auto 0 0; padding-top: 4px; font-size: 23px; font-weight: 600; font-variant-numeric: tabular-nums; }
        .tiles:has(> :nth-child(4):last-child) { grid-template-columns: repeat(4, 1fr); }
        .tiles.small { grid-template-columns: repeat(5, 1fr); }
        .small dd { font-size: 18px; }
        .plot { margin: 18px 0 30px; }
        .legend { display: flex; flex-wrap: wrap; gap: 2px 22px; font-size: 13.5px; margin-bottom: 10px; }
        .key { display: inline-flex; align-items: center; gap: 8px; }
        .key i { width: 20px; border-top: 3px solid currentColor; border-radius: 2px; }
        .key.c1 i, .key.down i, .key.e1 i { color: var(--blue); }
        .key.c2 i, .key.up i, .key.e2 i { color: var(--orange); }
        .key.c3 i, .key.e3 i { color: var(--green); }
        .key.e4 i { color: var(--purple); }
        .key.e5 i { color: var(--sky); }
        .key.e6 i { color: var(--amber); }
        .key.rest i { color: var(--frame); }
        .key.level i { border-top: 2px dashed var(--ink); border-radius: 0; }
        .key.mark i { width: 0; height: 16px; border: 0; border-left: 2px dotted var(--ink); margin: 0 4px; }
        svg { display: block; width: 100%; height: auto; overflow: visible; touch-action: pan-y; }
        svg.narrow { display: none; }
        svg text { fill: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
        svg text.axis { fill: var(--ink); font-size: 12.5px; }
        .grid { stroke: var(--grid); }
        .frame { stroke: var(--frame); }
        .level { stroke: var(--ink); stroke-dasharray: 6 4; stroke-width: 1.2; }
        .mark { stroke: var(--ink); stroke-dasharray: 1.5 3.5; stroke-width: 1.5; }
        .hair { stroke: var(--frame); visibility: hidden; }
        .hair[x1] { visibility: visible; }
        .line { fill: none; stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
        .whisker { fill: none; stroke-width: 4; opacity: 0.3; }
        .ring { fill: var(--page); stroke-width: 1.5; }
        .line.c1, .line.down, .line.e1, .whisker.e1, .ring.e1 { stroke: var(--blue); }
        .line.c2, .line.up, .line.e2, .whisker.e2, .ring.e2 { stroke: var(--orange); }
        .line.c3, .whisker.c3, .ring.c3, .line.e3, .whisker.e3, .ring.e3 { stroke: var(--green); }
        .line.e4, .whisker.e4, .ring.e4 { stroke: var(--purple); }
        .line.e5, .whisker.e5, .ring.e5 { stroke: var(--sky); }
        .line.e6, .whisker.e6, .ring.e6 { stroke: var(--amber); }
        .line.rest { stroke: var(--frame); }
        .dot.up { fill: var(--orange); }
        .dot.down { fill: var(--blue); }
        .readout { font-size: 13px; color: var(--muted); font-variant-numeric: tabular-nums; margin: 4px 0 0; max-width: none; }
        .camps { display: grid; grid-template-columns: 1fr 1fr; gap: 36px; }
        .camp { min-width: 0; }
        .contents { font-size: 14px; color: var(--muted); min-height: 3.2em; }
        .sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(88px, 1fr)); gap: 16px 10px; }
        .sheet.wide { grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); gap: 16px; }
        .sample { margin: 0; min-width: 0; font-size: 12px; line-height: 1.35; break-inside: avoid; }
        .sample img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; image-rendering: pixelated;
          background: var(--tile); border-radius: 4px; }
        .excerpt { aspect-ratio: 1; overflow: hidden; background: var(--tile); border-radius: 4px; padding: 6px;
          font: 11px/1.35 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; }
        .sample figcaption { margin-top: 5px; }
        .sample figcaption b, .sample figcaption span { display: block; }
        .sample figcaption b { font-weight: 600; }
        .sample figcaption span { color: var(--muted); font-variant-numeric: tabular-nums; }
        .sample figcaption span.wrong { color: var(--orange); font-weight: 600; }
        table { border-collapse: collapse; font-size: 14.5px; margin: 14px 0 28px; font-variant-numeric: tabular-nums; }
        caption { text-align: left; color: var(--muted); font-size: 13.5px; padding-bottom: 6px; }
        th, td { padding: 6px 22px 6px 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: top; }
        th { font-weight: 500; color: var(--muted); }
        .numbers td, .numbers thead th { text-align: right; }
        details { margin-top: 28px; }
        summary { cursor: pointer; font-weight: 600; }
        .definitions { display: grid; grid-template-columns: minmax(120px, 190px) 1fr; gap: 9px 24px; font-size: 14.5px;
          line-height: 1.5; max-width: 860px; }
        .definitions dt { color: var(--muted); }
        .definitions dd { margin: 0; }
        @media (max-width: 680px) {
          body { padding: 28px 20px 64px; }
          h1 { font-size: 26px; }
          h2 { margin-top: 52px; }
          .summary { font-size: 17px; }
          svg.wide { display: none; }
          svg.narrow { display: block; }
          .tiles, .tiles.small, .tiles:has(> :nth-child(4):last-child) { grid-template-columns: 1fr 1fr; }
          .camps, .definitions { grid-template-columns: 1fr; }
          .contents { min-height: 0; }
          .definitions dd { margin-bottom: 8px; }
          th, td { padding-right: 13px; }
        }
        @media print {
          body { padding: 0; max-width: none; font-size: 11pt; }
          svg.wide { display: block; }
          svg.narrow, .readout { display: none; }
          .plot, .tiles, table { break-inside: avoid; }
          h2, h3, h4 { break-after: avoid; }
          section > p { break-after: avoid; }
          h2 { margin-top: 40px; }
          .small dd { font-size: 15px; white-space: nowrap; }
        }
        """;
}
