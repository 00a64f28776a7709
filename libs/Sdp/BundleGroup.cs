namespace Dapr.Voice.Sdp;

/// <summary><c>a=group:BUNDLE</c> (RFC 9143): sections that share one transport.</summary>
internal static class BundleGroup
{
    private const string Semantics = "BUNDLE";

    /// <summary>
    /// Reads the mids of the group that contains <paramref name="wantedMid"/>, or of the first group. Null if there is no group.
    /// </summary>
    public static bool TryRead(SessionDescription session, string? wantedMid, out IReadOnlyList<string>? mids, out SdpError error)
    {
        mids = null;
        error = default;
        foreach (string value in session.Attributes.FindAll("group"))
        {
            string[] parts = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // A group without mids bundles nothing. Some stacks write one in an offer with a single section.
            if (parts.Length < 2 || parts[0] != Semantics) continue;
            foreach (string mid in parts.AsSpan(1))
            {
                if (session.Media.Any(m => m.Mid == mid)) continue;
                error = new SdpError(SdpErrorReason.UnknownBundleMid, "The BUNDLE group names a mid that no section has.");
                return false;
            }
            string[] group = parts[1..].Distinct(StringComparer.Ordinal).ToArray();
            if (mids is null || (wantedMid is not null && !mids.Contains(wantedMid) && group.Contains(wantedMid))) mids = group;
        }
        return true;
    }
}
