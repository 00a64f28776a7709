namespace Dapr.Voice.DevSidecar.Http;

/// <summary>
/// The path of an invocation as the callee sees it. The path is decoded (an encoded slash becomes a slash), cleaned of <c>.</c>, <c>..</c>
/// and <c>//</c>, and encoded again.
/// </summary>
internal static class MethodPath
{
    /// <param name="raw">The path as it was sent, without the query, with or without a leading slash.</param>
    /// <returns>A path that begins with a slash.</returns>
    public static string Clean(string raw)
    {
        string decoded = Uri.UnescapeDataString(raw);
        var kept = new List<string>();
        string[] segments = decoded.Split('/');
        foreach (string segment in segments)
        {
            if (segment is "" or ".") continue;
            if (segment != "..") kept.Add(segment);
            else if (kept.Count > 0) kept.RemoveAt(kept.Count - 1);
        }
        bool endsInSlash = kept.Count > 0 && segments[^1].Length == 0;
        return "/" + string.Join('/', kept.Select(Uri.EscapeDataString)) + (endsInSlash ? "/" : "");
    }
}
