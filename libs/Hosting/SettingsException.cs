using Dapr.Voice.Contracts;

namespace Dapr.Voice.Hosting;

/// <summary>
/// The service can't start with a setting or a secret. The message names it, says what to change, and never contains a secret.
/// </summary>
public sealed class SettingsException(string message, Exception? inner = null) : ServiceException(ExitCode.BadSettings, message, inner);
