using System.Text;
using OpposingSignals.Outliers;

namespace OpposingSignals.Runs.Report;

/// <summary>Whether a pair is more than chance, and its members more than ordinary samples.</summary>
internal static class CheckTable
{
    public static string Render(ReportModel model, ReportPair pair)
    {
        var html = new StringBuilder();
        if (pair.Significance is { } tested)
        {
            html.Append(Markup.Paragraph(Verdict(tested)));
        }

        if (pair.Checks is not { } checks)
        {
            return html.ToString();
        }

        string of = ReportFindings.OfMatrix(model);
        string samples = checks.GradientNorm.RandomSamples is > 0 and int count ? $"{count} random samples" : "random samples";
        html.Append($"<table>\n<tr><th>strongest members against {samples}</th><th>median of members</th>");
        html.Append("<th>median of random</th><th>95th percentile of random (and where it may lie)</th></tr>\n");
        Row("norm of the sample's own gradient", checks.GradientNorm);
        Row("top eigenvalue of the sample's own Hessian", checks.TopEigenvalue);
        Row($"curvature along the top eigenvector{of}", checks.CurvatureAlongTop);
        if (pair.Direction is { Number: > 1 } own)
        {
            Row(
                $"curvature along eigenvector {own.Number}{of}, on which the camps oppose each other most",
                own.Curvature);
        }

        return html.Append("</table>\n").ToString();

        void Row(string name, OutlierCheck check) => html.Append(
            $"<tr><th>{name}</th><td>{(check.Passed ? "<b>" : "")}{Numbers.Format(check.Members)}{(check.Passed ? "</b>" : "")}</td>" +
            $"<td>{Numbers.Format(check.RandomMedian)}</td><td>{Numbers.Format(check.Random95)}{Interval(check)}</td></tr>\n");
    }

    private static string Interval(OutlierCheck check) => (check.Random95Low, check.Random95High) switch
    {
        (null, null) => "",
        ({ } low, null) => $" ({Numbers.Format(low)} or more)",
        (null, { } high) => $" (up to {Numbers.Format(high)})",
        ({ } low, { } high) when low == high => "",
        ({ } low, { } high) => $" ({Numbers.Format(low)} to {Numbers.Format(high)})",
    };

    private static string Verdict(PairSignificance tested)
    {
        string numbers =
            $"outliers p = {Numbers.Format(tested.Outliers, 2)}, opposition p = {Numbers.Format(tested.Opposition, 2)}";
        if (tested.Confirms())
        {
            return $"Confirmed: chance gives neither so many samples so far out, nor random groups that oppose each other so much ({numbers}).";
        }

        return tested.Opposition <= 1 - PairSignificance.DefaultConfidence
            ? $"The two camps oppose each other far more than random groups do, but they are the end of a continuum: the other samples' " +
                $"curvature reaches as far ({numbers})."
            : $"Not confirmed: chance may give such groups ({numbers}).";
    }
}
