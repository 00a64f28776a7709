using Dapr.Voice.Hosting;
using Dapr.Voice.Signaling;

// What is served and by whom: SignalingApplication.
return await ServiceProcess.RunAsync(() => SignalingApplication.Create(args));
