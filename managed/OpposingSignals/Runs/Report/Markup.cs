using System.Text;

namespace OpposingSignals.Runs.Report;

/// <summary>Text of an HTML page that is also well-formed XML.</summary>
internal static class Markup
{
    /// <summary>
    /// Escapes text for element content and quoted attributes; characters that XML forbids become U+FFFD.
    /// </summary>
    public static string Escape(string? text)
    {
        var escaped = new StringBuilder();
        foreach (Rune rune in (text ?? "").EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '&':
                    escaped.Append("&amp;");
                    break;
                case '<':
                    escaped.Append("&lt;");
                    break;
                case '>':
                    escaped.Append("&gt;");
                    break;
                case '"':
                    escaped.Append("&quot;");
                    break;
                case '\'':
                    escaped.Append("&#39;");
                    break;
                case < ' ' and not '\t' and not '\n' and not '\r' or 0xFFFE or 0xFFFF:
                    escaped.Append('\uFFFD');
                    break;
                default:
                    escaped.Append(rune.ToString());
                    break;
            }
        }

        return escaped.ToString();
    }

    /// <summary>A paragraph of plain text.</summary>
    public static string Paragraph(string text, string? style = null) =>
        style is null ? $"<p>{Escape(text)}</p>\n" : $"<p class=\"{style}\">{Escape(text)}</p>\n";
}
