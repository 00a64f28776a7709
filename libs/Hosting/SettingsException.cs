namespace Dapr.Voice.Hosting;

/// <summary>A setting that the service can't start with. The message is for the person who set it; no stack trace helps them.</summary>
public sealed class SettingsException(string message, Exception? inner = null) : Exception(message, inner);
