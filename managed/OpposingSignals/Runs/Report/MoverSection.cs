using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>The largest movers of a step, as published: without a search.</summary>
internal static class MoverSection
{
    public static string Render(ReportModel model)
    {
        if (model.Movers.IsEmpty)
        {
            return "";
        }

        var html = new StringBuilder("<section>\n<h2>The largest movers</h2>\n");
        html.Append(Markup.Paragraph(
            "Chosen by nothing but one step: the twenty samples whose losses rose most against the twenty whose losses fell most, as " +
            "Rosenfeld and Risteski took their groups. Gradients and curvatures are measured halfway through the last step, where " +
            "neither group stands at the end of its swing."));
        foreach (ReportPair movers in model.Movers)
        {
            PairSection.Append(html, model, movers, $"The {movers.Name}");
        }

        return html.Append("</section>\n").ToString();
    }
}
