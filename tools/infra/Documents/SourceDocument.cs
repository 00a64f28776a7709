using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dapr.Voice.Infra.Documents;

/// <summary>One YAML or JSON file, with the place of every node. JSON is read as YAML, since it is a part of YAML.</summary>
internal sealed class SourceDocument
{
    /// <summary>Larger files are refused. Our files have a few hundred lines.</summary>
    private const int MaximumBytes = 1_000_000;

    private SourceDocument(string path, YamlNode root) => (Path, Root) = (path, root);

    public string Path { get; }
    public YamlNode Root { get; }

    /// <summary>Returns null and adds a finding if the text is not YAML or has no content.</summary>
    public static SourceDocument? Load(string path, string text, ICollection<Finding> findings)
    {
        if (text.Length > MaximumBytes)
        {
            findings.Add(new Finding(RuleIds.YamlSyntax, Severity.Error, path, 0, 0, $"The file has more than {MaximumBytes} characters."));
            return null;
        }
        var stream = new YamlStream();
        try
        {
            using var reader = new StringReader(text);
            stream.Load(reader);
        }
        catch (YamlException e)
        {
            findings.Add(
                new Finding(RuleIds.YamlSyntax, Severity.Error, path, (int)e.Start.Line, (int)e.Start.Column,
                e.InnerException?.Message ?? e.Message));
            return null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // The reader throws this for a duplicate key, and its scanner throws it inside a list that is not closed.
            findings.Add(new Finding(RuleIds.YamlSyntax, Severity.Error, path, 0, 0, e.Message));
            return null;
        }
        if (stream.Documents.Count == 1) return new SourceDocument(path, stream.Documents[0].RootNode);
        findings.Add(
            new Finding(RuleIds.YamlSyntax, Severity.Error, path, 1, 1, $"One document is expected, there are {stream.Documents.Count}."));
        return null;
    }

    public Finding At(YamlNode where, string rule, string message)
        => new(rule, Severity.Error, Path, (int)where.Start.Line, (int)where.Start.Column, message);
}
