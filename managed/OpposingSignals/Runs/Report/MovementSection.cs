using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>How the losses of all samples move: how many rise, and how much the largest movers hold.</summary>
internal static class MovementSection
{
    public static string Render(ReportModel model)
    {
        var html = new StringBuilder("<section>\n<h2>How the samples move</h2>\n");
        string figure = PlotRenderer.Render(new Plot
        {
            Description = "Share of samples whose loss rises, and share of the loss change held by the top 1 %",
            Panels =
            [
                new PlotPanel
                {
                    Label = "share of samples whose loss rises",
                    Lines = [new PlotLine { Name = "rise fraction", Style = "c1", Series = model.RiseFraction }],
                    Levels = [new PlotLevel("one half", 0.5)],
                    Range = (0, 1),
                    Height = 150,
                },
                new PlotPanel
                {
                    Label = "share of |loss change| held by the top 1 % of samples",
                    Lines = [new PlotLine { Name = "outlier share", Style = "c2", Series = model.OutlierShare }],
                    Height = 150,
                },
            ],
            MarkedStep = ReportFindings.Edge(model),
            MarkName = ReportFindings.EdgeMark(model),
        });
        html.Append(figure.Length == 0
            ? Markup.Paragraph("The losses of the single samples were not recorded.")
            : Markup.Paragraph(
                "At the edge of stability the whole training set oscillates slightly, so about half of the samples see their " +
                "loss rise on any step. How unequally the change is spread is seen below: 1 % means that all samples change " +
                "alike.") + figure);
        return html.Append("</section>\n").ToString();
    }
}
