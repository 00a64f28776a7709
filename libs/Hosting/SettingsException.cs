using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hosting;

/// <summary>
/// A setting or a secret that the service cannot start with. The message names it, says what to change, and never repeats a secret.
/// </summary>
public sealed class SettingsException(string message, Exception? inner = null) : ServiceException(ExitCode.BadSettings, message, inner);
