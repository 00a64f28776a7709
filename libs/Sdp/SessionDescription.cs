using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Dapr.Voice.Sdp;

/// <summary>
/// The parts of a session description (RFC 8866) that offer and answer need: origin, name, attributes and sections. Other lines, such as
/// bandwidth, times and keys, are ignored. <see cref="ToString"/> writes SDP, which contains ICE passwords. Never write it to a log.
/// </summary>
public sealed class SessionDescription
{
    private const char ByteOrderMark = '\uFEFF';

    public required Origin Origin { get; init; }
    public string SessionName { get; init; } = "-";

    /// <summary>The value of the session-level <c>c=</c> line, or null.</summary>
    public string? Connection { get; init; }
    public required IReadOnlyList<SdpAttribute> Attributes { get; init; }
    public required IReadOnlyList<MediaDescription> Media { get; init; }

    /// <summary>
    /// Reads a description within <see cref="SdpLimits"/>. Lines may end with CRLF or LF; the last one may have no line end. A byte order
    /// mark in front and white space at the ends of lines are ignored.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out SessionDescription? description, out SdpError error)
    {
        description = null;
        if (text.Length > SdpLimits.MaximumCharacters)
        {
            error = new SdpError(SdpErrorReason.TooLarge, "The description is larger than 64 KiB.");
            return false;
        }
        if (text.StartsWith(ByteOrderMark)) text = text[1..];
        return new Parser().TryParse(text, out description, out error);
    }

    /// <summary>
    /// Returns the SDP with CRLF after every line, including the last one. Browsers reject a description that does not end with a line end.
    /// </summary>
    public override string ToString()
    {
        var text = new StringBuilder(2048);
        text.Append("v=0\r\n");
        Line(text, 'o', Origin.ToString());
        Line(text, 's', SessionName);
        if (Connection is not null) Line(text, 'c', Connection);
        text.Append("t=0 0\r\n");
        foreach (SdpAttribute attribute in Attributes) Line(text, 'a', attribute.ToString());
        foreach (MediaDescription media in Media)
        {
            Line(text, 'm', string.Create(
                CultureInfo.InvariantCulture, $"{media.MediaType} {media.Port} {media.Protocol} {string.Join(' ', media.Formats)}"));
            if (media.Connection is not null) Line(text, 'c', media.Connection);
            foreach (SdpAttribute attribute in media.Attributes) Line(text, 'a', attribute.ToString());
        }
        return text.ToString();
    }

    private static void Line(StringBuilder text, char type, string value) => text.Append(type).Append('=').Append(value).Append("\r\n");

    private sealed class Parser
    {
        private readonly List<SdpAttribute> _attributes = [];
        private readonly List<MediaDescription> _media = [];
        private readonly HashSet<string> _mids = new(StringComparer.Ordinal);
        private List<SdpAttribute>? _sectionAttributes;
        private (string MediaType, int Port, string Protocol, IReadOnlyList<string> Formats) _section;
        private string? _sectionConnection;
        private Origin? _origin;
        private string _sessionName = "-";
        private string? _connection;
        private bool _hasVersion;

        public bool TryParse(ReadOnlySpan<char> text, out SessionDescription? description, out SdpError error)
        {
            description = null;
            int line = 0;
            while (!text.IsEmpty)
            {
                int end = text.IndexOf('\n');
                ReadOnlySpan<char> content = end < 0 ? text : text[..end];
                text = end < 0 ? default : text[(end + 1)..];
                content = content.TrimEnd(" \t\r");
                if (++line > SdpLimits.MaximumLines)
                    { error = new SdpError(SdpErrorReason.TooManyLines, "The description has too many lines.", line); return false; }
                if (content.IsEmpty) continue;
                (SdpErrorReason reason, string? message) = Read(content);
                if (reason == SdpErrorReason.None) continue;
                error = new SdpError(reason, message, line);
                return false;
            }
            if (!_hasVersion) { error = new SdpError(SdpErrorReason.MissingVersion, "The description is empty."); return false; }
            if (_origin is null) { error = new SdpError(SdpErrorReason.MissingOrigin, "There is no 'o=' line."); return false; }
            EndSection();
            description = new SessionDescription
            {
                Origin = _origin,
                SessionName = _sessionName,
                Connection = _connection,
                Attributes = _attributes,
                Media = _media,
            };
            error = default;
            return true;
        }

        private (SdpErrorReason Reason, string Message) Read(ReadOnlySpan<char> line)
        {
            if (line.Length > SdpLimits.MaximumLineCharacters) return (SdpErrorReason.LineTooLong, "The line is too long.");
            // C1 controls and the Unicode line ends are rejected, too, because a value may reach a log or a header.
            foreach (char c in line)
            {
                if (char.IsControl(c) || c is '\u2028' or '\u2029')
                    return (SdpErrorReason.ControlCharacter, "The line contains a control character.");
            }
            if (line.Length < 2 || line[1] != '=' || !char.IsAsciiLetterLower(line[0]))
                return (SdpErrorReason.MalformedLine, "The line is not 'letter=value'.");
            ReadOnlySpan<char> value = line[2..];
            if (!_hasVersion)
            {
                if (!line.SequenceEqual("v=0")) return (SdpErrorReason.MissingVersion, "The first line should be 'v=0'.");
                _hasVersion = true;
                return default;
            }
            switch (line[0])
            {
                case 'o' when _sectionAttributes is null:
                    _origin = Origin.Parse(value);
                    return _origin is null ? (SdpErrorReason.MalformedLine, "'o=' should have six fields.") : default;
                case 's' when _sectionAttributes is null:
                    _sessionName = value.IsEmpty ? "-" : value.ToString();
                    return default;
                case 'c':
                    if (_sectionAttributes is null) _connection = value.ToString();
                    else _sectionConnection = value.ToString();
                    return default;
                case 'm':
                    return ReadMedia(value);
                case 'a':
                    return ReadAttribute(value);
                default:
                    return default;
            }
        }

        private (SdpErrorReason, string) ReadMedia(ReadOnlySpan<char> value)
        {
            EndSection();
            if (_media.Count == SdpLimits.MaximumMediaSections)
                return (SdpErrorReason.TooManyMediaSections, "There are more than 16 'm=' sections.");
            if (!MediaDescription.TryParseLine(
                value, out _section.MediaType, out _section.Port, out _section.Protocol, out _section.Formats))
                return (SdpErrorReason.MalformedLine, "'m=' should have media, port, protocol and formats.");
            _sectionAttributes = [];
            _sectionConnection = null;
            return default;
        }

        private (SdpErrorReason, string) ReadAttribute(ReadOnlySpan<char> value)
        {
            int colon = value.IndexOf(':');
            ReadOnlySpan<char> name = colon < 0 ? value : value[..colon];
            if (name.IsEmpty || name.Contains(' ')) return (SdpErrorReason.MalformedLine, "'a=' should have a name.");
            var attribute = new SdpAttribute(name.ToString(), colon < 0 ? null : value[(colon + 1)..].ToString());
            if (_sectionAttributes is null)
            {
                _attributes.Add(attribute);
                return default;
            }
            if (attribute.Name == "mid")
            {
                if (string.IsNullOrEmpty(attribute.Value) || attribute.Value.Contains(' '))
                    return (SdpErrorReason.MalformedLine, "'a=mid' should have a token.");
                if (_sectionAttributes.Has("mid") || !_mids.Add(attribute.Value))
                    return (SdpErrorReason.DuplicateMid, "The section has a second 'mid', or another section has the same one.");
            }
            _sectionAttributes.Add(attribute);
            return default;
        }

        private void EndSection()
        {
            if (_sectionAttributes is null) return;
            _media.Add(new MediaDescription
            {
                MediaType = _section.MediaType,
                Port = _section.Port,
                Protocol = _section.Protocol,
                Formats = _section.Formats,
                Connection = _sectionConnection,
                Attributes = _sectionAttributes,
            });
            _sectionAttributes = null;
        }
    }
}
