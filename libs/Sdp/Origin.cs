namespace Dapr.Voice.Sdp;

/// <summary>
/// The <c>o=</c> line (RFC 8866, section 5.2). The numbers are kept as text, because nothing here depends on their range.
/// </summary>
public sealed record Origin(string Username, string SessionId, string SessionVersion, string NetworkType, string AddressType,
    string Address)
{
    /// <summary>Creates an origin without a name and without a real address, as RFC 9429, section 5.2.1 requires.</summary>
    public static Origin Create(ulong sessionId)
        => new("-", sessionId.ToString(System.Globalization.CultureInfo.InvariantCulture), "1", "IN", "IP4", "127.0.0.1");

    public static Origin? Parse(ReadOnlySpan<char> value)
    {
        Span<Range> parts = stackalloc Range[7];
        if (value.Split(parts, ' ') != 6) return null;
        for (int i = 0; i < 6; i++)
        {
            if (value[parts[i]].IsEmpty) return null;
        }
        return new Origin(value[parts[0]].ToString(), value[parts[1]].ToString(), value[parts[2]].ToString(),
            value[parts[3]].ToString(), value[parts[4]].ToString(), value[parts[5]].ToString());
    }

    public override string ToString() => $"{Username} {SessionId} {SessionVersion} {NetworkType} {AddressType} {Address}";
}
