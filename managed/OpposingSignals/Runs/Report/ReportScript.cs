namespace OpposingSignals.Runs.Report;

/// <summary>The script of the report: values under the pointer. The page is complete without it.</summary>
/// <remarks>
/// Values are computed back from the drawn coordinates and the scales in <c>data-x</c> and <c>data-y</c>, so that no
/// number is stored twice. Free of the characters that XML would have to escape.
/// </remarks>
internal static class ReportScript
{
    public const string Source = """
        'use strict';
        function scale(text) {
          const [p0, p1, v0, v1, kind] = text.split(' ');
          const log = kind === 'log';
          const from = log ? Math.log(v0) : Number(v0), to = log ? Math.log(v1) : Number(v1);
          return pixel => {
            const value = from + (to - from) * (pixel - p0) / (p1 - p0);
            return log ? Math.exp(value) : value;
          };
        }
        function points(path) {
          path.points ??= [...path.getAttribute('d').matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(m => [+m[1], +m[2]]);
          return path.points;
        }
        for (const svg of document.querySelectorAll('svg[data-x]')) {
          const readout = svg.parentNode.querySelector('.readout');
          const hair = svg.querySelector('.hair');
          const step = scale(svg.dataset.x);
          const rest = 'Point at the plot to read its values.';
          readout.textContent = rest;
          svg.addEventListener('pointermove', event => {
            const box = svg.getBoundingClientRect();
            const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
            const distance = point => Math.abs(point[0] - x);
            let nearest = null;
            const read = [];
            for (const path of svg.querySelectorAll('path.line')) {
              const point = points(path).reduce((a, b) => distance(a) > distance(b) ? b : a);
              const value = scale(path.parentNode.dataset.y)(point[1]);
              read.push(path.dataset.name + ' ' + Number(value.toPrecision(3)));
              if (nearest === null || distance(nearest) > distance(point)) nearest = point;
            }
            hair.setAttribute('x1', nearest[0]);
            hair.setAttribute('x2', nearest[0]);
            readout.textContent = 'step ' + Math.round(step(nearest[0])) + ': ' + read.join(' · ');
          });
          svg.addEventListener('pointerleave', () => {
            hair.removeAttribute('x1');
            readout.textContent = rest;
          });
        }
        addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => { d.open = true; }));
        """;
}
