using System.Globalization;

namespace Dapr.Voice.Sdp;

/// <summary>
/// The <c>o=</c> line (RFC 8866, section 5.2). The numbers are kept as text, because nothing here depends on their range.
/// </summary>
public sealed record Origin(string Username, string SessionId, string SessionVersion, string NetworkType, string AddressType,
    string Address)
{
    /// <summary>Creates an origin without a name and without a real address, as RFC 9429, section 5.2.1 requires.</summary>
    public static Origin Create(ulong sessionId, int version = 1)
        => new("-", sessionId.ToString(CultureInfo.InvariantCulture), version.ToString(CultureInfo.InvariantCulture), "IN", "IP4",
            "127.0.0.1");

    public static Origin? Parse(ReadOnlySpan<char> value)
    {
        string[] parts = value.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // Some stacks have no name and write nothing in its place. RFC 8866 asks for "-" there.
        if (parts.Length == 5 && parts[2] == "IN") parts = ["-", .. parts];
        return parts.Length == 6 ? new Origin(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]) : null;
    }

    public override string ToString() => $"{Username} {SessionId} {SessionVersion} {NetworkType} {AddressType} {Address}";
}
