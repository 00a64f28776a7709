param location string = resourceGroup().location

resource bus 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: 'sb-voice'
  location: location
  sku: { name: 'Basic' } // expect: servicebus-tier on sb-voice sku.name
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}
