using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>
/// What happened at each rise of the mean loss: which pair moved it, and how much of it that explains.
/// </summary>
internal static class SpikeSection
{
    public static string Render(ReportModel model)
    {
        if (model.Spikes.IsEmpty)
        {
            return "";
        }

        var html = new StringBuilder("<section>\n<h2>Loss spikes</h2>\n");
        html.Append(Markup.Paragraph(
            "Steps at which the mean loss rose by more than 2 %, the largest and the first past the edge, among those whose sample " +
            "losses are kept. A camp of the pair rises while the other falls; shares of the rises count only samples whose loss went " +
            "up, and the last column those that rose most, in whatever pair."));
        html.Append("<table>\n<tr><th>step</th><th>rise of the mean loss</th><th>pair that moved most</th>");
        html.Append("<th>its share of the net rise</th><th>its share of all rises</th>");
        html.Append("<th>share of the strongest 1 % of samples</th></tr>\n");
        foreach (SpikeRecord spike in model.Spikes)
        {
            html.Append($"<tr><td>{Numbers.Count(spike.Step)}</td><td>{Numbers.Percent(spike.Rise)}</td>");
            html.Append(
                $"<td>{Markup.Escape(spike.Pair ?? "none found")}</td><td>{Numbers.Percent(spike.Explained)}</td>");
            html.Append($"<td>{Numbers.Percent(spike.RisersShare)}</td><td>{Numbers.Percent(spike.StrongestShare)}</td></tr>\n");
        }

        return html.Append("</table>\n</section>\n").ToString();
    }
}
