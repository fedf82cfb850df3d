using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>The run's configuration, and what every number on the page means.</summary>
internal static class SettingsSection
{
    private const string Share =
        "the sum of vᵀHᵢv over the pair's samples, divided by the sum over all samples, Hᵢ being the Hessian of the loss of " +
        "sample i.";

    private static readonly (string Name, string Text)[] Threshold =
    [
        ("Stability threshold",
            "Above this curvature the optimiser diverges on a quadratic along the eigenvector, with the sign " +
            "changing at every step. For step size η: 2/η for gradient descent, (2 + 2β)/η with momentum β, and " +
            "(2 + 2β)/((1 + 2β)η) in Nesterov's form."),
        ("Edge of stability", "The first step at which the measured sharpness exceeds the threshold."),
    ];

    private static readonly (string Name, string Text)[] PreconditionedThreshold =
    [
        ("Preconditioned sharpness",
            "The algebraically largest eigenvalue of P⁻¹H, H being that Hessian and P the diagonal matrix that the optimiser " +
            "divides its next step by."),
        ("Stability threshold",
            "Above this preconditioned sharpness the optimiser diverges on a quadratic along the eigenvector of P⁻¹H, with " +
            "the sign changing at every step. For step size η: (2 + 2β₁)/((1 − β₁)η) for Adam, 2/η for RMSProp."),
        ("Edge of stability", "The first step at which the measured preconditioned sharpness exceeds the threshold."),
    ];

    public static string Render(ReportModel model)
    {
        var html = new StringBuilder("<section>\n<h2>The run</h2>\n");
        if (model.Configuration.IsEmpty)
        {
            html.Append(Markup.Paragraph("No configuration was recorded."));
        }
        else
        {
            html.Append("<table class=\"settings\">\n<tbody>\n");
            foreach ((string key, string value) in model.Configuration)
            {
                html.Append($"<tr><th>{Markup.Escape(key)}</th><td>{Markup.Escape(value)}</td></tr>\n");
            }

            html.Append("</tbody>\n</table>\n");
        }

        html.Append("<details>\n<summary>How every number is defined</summary>\n<dl class=\"definitions\">\n");
        foreach ((string name, string text) in Definitions(model))
        {
            html.Append($"<dt>{Markup.Escape(name)}</dt><dd>{Markup.Escape(text)}</dd>\n");
        }

        html.Append("</dl>\n");
        html.Append(Markup.Paragraph(
            "Opposing signals: Rosenfeld and Risteski, Outliers with Opposing Signals Have an Outsized Effect on Neural Network " +
            "Optimization, arXiv 2311.04163. The grouping, the shares and the scores are definitions of this tool."));
        return html.Append("</details>\n</section>\n").ToString();
    }

    private static IEnumerable<(string Name, string Text)> Definitions(ReportModel model) =>
    [
        ("Loss", "Mean over all training samples of the loss of one sample; the squared loss is ½ the squared error summed " +
            "over the outputs."),
        ("Sharpness", "The algebraically largest eigenvalue of the Hessian of the mean training loss."),
        .. model.PreconditionedSharpness is null ? Threshold : PreconditionedThreshold,
        ("Residual", "|H v − θ v| for the eigenvalue estimate θ and its unit vector v. An eigenvalue lies within this distance " +
            "of θ."),
        ("Loss change", "d of a sample: its loss after a step minus its loss before."),
        ("Rise fraction", "Share of the samples with d > 0."),
        ("Outlier share", "Sum of the largest 1 % of |d| over the sum of all |d|."),
        ("Pair, camp",
            "Samples whose loss changes, freed of drift, stand out by their size are grouped by the shape of these " +
            "changes over a window of steps, whatever the sign, and each group is then split by sign into two camps."),
        ("Opposition of losses",
            "Correlation of the two camps' mean loss changes over the longest stretch of that window in which " +
            "they move apart in three of four steps; −1 is perfect opposition."),
        ("Alternation",
            "Mean over the window of sign(d)·(−1)^step for a camp's mean loss change; ±1 if it goes up and down on " +
            "every other step."),
        model.ArePairsPreconditioned
            ? ("Share of preconditioned sharpness",
                "With v the top eigenvector of P⁻¹H: " + Share + " As the eigenvalue is vᵀHv / vᵀPv, it is made up of the samples " +
                "in the same shares.")
            : ("Share of sharpness", "With v the top eigenvector: " + Share),
        ("Share of loss change",
            "Sum of d² over the pair's samples and the window, divided by the sum over all samples."),
        ("Cosine of gradients", "Cosine of the angle between the mean loss gradients of the two camps."),
        ("Score", "Root-mean-square loss change of the sample, freed of drift, along the common motion of its pair."),
        ("Plots", "Where a pixel holds several steps, the smallest and the largest value are drawn. A value that is not finite " +
            "leaves a gap."),
    ];
}
