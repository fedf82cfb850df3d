using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>The heading, what happened in plain sentences, and the key numbers.</summary>
internal static class SummarySection
{
    public static string Render(ReportModel model)
    {
        var html = new StringBuilder($"<header>\n<h1>{Markup.Escape(model.Title)}</h1>\n");
        if (!string.IsNullOrEmpty(model.Subtitle))
        {
            html.Append(Markup.Paragraph(model.Subtitle, "subtitle"));
        }

        html.Append("</header>\n<section class=\"summary\">\n");
        html.Append(Markup.Paragraph(CurvatureSentence(model)));
        html.Append(Markup.Paragraph(PairSentence(model)));
        html.Append("<dl class=\"tiles\">\n");
        foreach ((string name, string value) in Tiles(model))
        {
            html.Append($"<div><dt>{Markup.Escape(name)}</dt><dd>{Markup.Escape(value)}</dd></div>\n");
        }

        html.Append("</dl>\n");
        foreach (string note in model.Notes)
        {
            html.Append(Markup.Paragraph(note, "note"));
        }

        return html.Append("</section>\n").ToString();
    }

    private static string CurvatureSentence(ReportModel model)
    {
        string subject = ReportFindings.BoundedName(model) + (model.PreconditionedSharpness is null
            ? ", the largest curvature of the loss,"
            : ", the largest curvature of the loss in the units of the optimiser's steps,");
        if (ReportFindings.LargestCurvature(model) is not { } largest)
        {
            return $"The {subject} was not measured in this run.";
        }

        if (model.StabilityThreshold is not { } threshold)
        {
            return $"The {subject} reached {Numbers.Format(largest)}. " +
                (model.ThresholdNote ?? "No stability threshold applies to this run.");
        }

        if (ReportFindings.Edge(model) is not { } edge)
        {
            return $"This run did not reach the edge of stability: the {subject} stayed " +
                $"below {model.ThresholdFormula} = {Numbers.Format(threshold)}; at most it was {Numbers.Format(largest / threshold)} of it.";
        }

        string hovers = ReportFindings.CurvaturePastEdge(model) switch
        {
            null => "",
            > 0.8 and < 1.3 and { } past => $" Since then it has hovered at {Numbers.Format(past)} of {model.ThresholdFormula} (median): the steps " +
                "are as long as the loss surface lets them be, and training bounces across a narrow valley.",
            { } past => $" Since then its median has been {Numbers.Format(past)} of {model.ThresholdFormula}.",
        };
        return $"The {subject} crossed the edge of stability {model.ThresholdFormula} = " +
            $"{Numbers.Format(threshold)} at step {Numbers.Count(edge)}.{hovers}";
    }

    private static string PairSentence(ReportModel model)
    {
        if (ReportFindings.Pairs(model) is not [ReportPair pair, ..])
        {
            return model.Pairs is null
                ? "Opposing groups were not looked for in this run."
                : ReportModel.NothingFound;
        }

        int size = ReportFindings.Size(pair);
        string of = model.SampleCount is { } all && all > 0
            ? $"{Numbers.Count(size)} of {Numbers.Count(all)} samples, {Numbers.Percent((double)size / all)}"
            : $"{Numbers.Count(size)} samples";
        string carries = pair.SharpnessShare is { } share && double.IsFinite(share)
            ? $"The leading pair of opposing groups ({of}) carries {Numbers.Percent(share)} of the {ReportFindings.SharedName(model)}."
            : $"The leading pair of opposing groups holds {of}.";
        string moves = pair.Opposition is { } opposition && double.IsFinite(opposition)
            ? $" A step that lowers the loss of one camp raises that of the other: their loss changes have correlation " +
                $"{Numbers.Format(opposition, 2)}."
            : "";
        return carries + moves;
    }

    private static IEnumerable<(string Name, string Value)> Tiles(ReportModel model)
    {
        if (model.StabilityThreshold is not null)
        {
            yield return ("edge crossed at step", ReportFindings.Edge(model)
                is { } edge ? Numbers.Count(edge) : "not reached");
        }

        if (ReportFindings.CurvaturePastEdge(model) is { } past)
        {
            yield return ($"{ReportFindings.BoundedName(model)} past the edge", Numbers.Format(past) +
                (model.PreconditionedSharpness is null ? $" × {model.ThresholdFormula}" : " of the edge"));
        }
        else if (ReportFindings.LargestCurvature(model) is { } largest)
        {
            yield return ($"largest {ReportFindings.BoundedName(model)}", Numbers.Format(largest));
        }

        if (ReportFindings.Pairs(model) is [ReportPair pair, ..])
        {
            yield return ($"leading pair: share of {ReportFindings.SharedName(model)}", Numbers.Percent(pair.SharpnessShare));
            yield return ("leading pair: opposition", Numbers.Format(pair.Opposition, 2));
        }

        if (ReportFindings.Last(model.TrainLoss) is { } loss)
        {
            yield return ("final training loss", Numbers.Format(loss));
        }

        if (ReportFindings.Last(model.TestAccuracy) is { } accuracy)
        {
            yield return ("final test accuracy", Numbers.Percent(accuracy));
        }
    }
}
