namespace Dapr.Voice.LocalAgent.Realtime;

internal static class RealtimeIds
{
    public static string Next(string prefix) => prefix + Guid.NewGuid().ToString("N")[..20];
}
